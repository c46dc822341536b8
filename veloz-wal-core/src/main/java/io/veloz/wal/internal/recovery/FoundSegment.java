package io.veloz.wal.internal.recovery;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.format.SparseIndex;
import io.veloz.wal.internal.segment.FooterReader;
import io.veloz.wal.internal.segment.SegmentContent;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One file of the directory, and the result of its check. Immutable.
 *
 * @param footer the valid footer, without its index; null if there is none
 * @param footerSha256 the SHA-256 of the footer, or of the footer that the next open rebuilds; zeros if there is none
 * @param previousFooterSha256 the SHA-256 of the previous footer, as stated by the footer
 * @param content the content found by a scan; null if the footer was used instead
 * @param dataEnd the position after the last valid batch
 * @param nextSequence the sequence after the last record; -1 if not known
 * @param tornEnd the position after the last byte that is not zero, if that is after {@code dataEnd}; otherwise -1
 */
record FoundSegment(
        DirectoryScan.Entry file,
        Finding finding,
        @Nullable Footer footer,
        Sha256 footerSha256,
        Sha256 previousFooterSha256,
        @Nullable SegmentContent content,
        long dataEnd,
        int lastBatchCrc,
        long nextSequence,
        long tornEnd) {

    /**
     * The verdict on a segment, and the damage.
     *
     * @param position position of the damage; -1 if not known
     * @param first the first damaged record; -1 if not known
     * @param last the last damaged record; -1 if not known
     */
    record Finding(Verdict verdict, long position, long first, long last, String detail) {
        Finding(Verdict verdict, String detail) {
            this(verdict, -1, -1, -1, detail);
        }

        /** Returns whether a log with this segment can be opened. */
        boolean isGood() {
            return switch (verdict) {
                case SEALED, ACTIVE, PREPARED, TORN_TAIL, UNSEALED -> true;
                case CORRUPT, MISSING, FOREIGN, UNKNOWN_VERSION -> false;
            };
        }
    }

    /** Returns the entry of a file whose content was not checked, because it is missing, unreadable or foreign. */
    static FoundSegment unchecked(DirectoryScan.Entry file, Finding finding) {
        return new FoundSegment(file, finding, null, Sha256.ZERO, Sha256.ZERO, null, SegmentHeader.BYTES, 0, -1, -1);
    }

    /** Returns this segment after recovery has renamed it. */
    FoundSegment renamed(String name) {
        return new FoundSegment(
                file.renamed(name),
                finding,
                footer,
                footerSha256,
                previousFooterSha256,
                content,
                dataEnd,
                lastBatchCrc,
                nextSequence,
                tornEnd);
    }

    /** Returns this segment after recovery has sealed a copy of it. */
    FoundSegment sealed(Sha256 newFooter, Sha256 previousFooter) {
        return new FoundSegment(
                file,
                finding,
                footer,
                newFooter,
                previousFooter,
                content,
                dataEnd,
                lastBatchCrc,
                nextSequence,
                tornEnd);
    }

    String name() {
        return file.name();
    }

    /** Returns null if the file is missing or its header is unreadable. */
    @Nullable
    SegmentHeader header() {
        return file.header();
    }

    Verdict verdict() {
        return finding.verdict();
    }

    boolean isGood() {
        return finding.isGood();
    }

    long number() {
        return file.number();
    }

    /** Returns the first sequence of the first batch; -1 if there is none. */
    long openingSequence() {
        return file.openingSequence();
    }

    boolean hasRecords() {
        return footer != null || (content != null && !content.isEmpty());
    }

    /** Returns the end of this segment, as the next one has to state it. */
    Predecessor asPredecessor() {
        SegmentHeader header = Objects.requireNonNull(header());
        return new Predecessor(header.number(), header.salt(), dataEnd, lastBatchCrc);
    }

    /**
     * Returns whether the footer states no previous footer, so that it need not follow one. The previous segment had been
     * trimmed when this footer was written, or had a rebuilt footer. If this footer was rebuilt itself, the next footer
     * states the SHA-256 of the lost original, and need not match this one either.
     */
    boolean restartsChain() {
        return number() > 1 && previousFooterSha256.equals(Sha256.ZERO);
    }

    /** Returns whether the footer of the next segment must state the SHA-256 of this one's footer. */
    boolean isInChain() {
        return !footerSha256.equals(Sha256.ZERO) && !restartsChain();
    }

    /** Returns the problem as the exception to throw. */
    WalException problem(String directory) {
        String place = directory + "/" + name();
        return verdict() == Verdict.UNKNOWN_VERSION
                ? new WalVersionException(place + ": " + finding.detail())
                : new WalCorruptException(place, finding.position(), finding.first(), finding.last(), finding.detail());
    }

    /** Returns the index, read again from the file because of its size; null if there is none. */
    @Nullable
    SparseIndex index(Storage storage) throws IOException {
        if (content != null) {
            return content.index();
        }
        SegmentHeader header = header();
        if (footer == null || header == null) {
            return null;
        }
        try (StorageFile in = storage.openForReading(name())) {
            @Nullable Footer whole = FooterReader.at(in, header, footer.dataEnd());
            return whole == null ? null : whole.index();
        } catch (NoSuchFileException e) {
            // The segment was trimmed after the analysis, as a search for its records will report.
            return null;
        }
    }

    SegmentReport report() {
        long first = -1;
        long last = -1;
        long records = 0;
        long min = 0;
        long max = 0;
        if (content != null && !content.isEmpty()) {
            first = content.firstSequence();
            last = content.lastSequence();
            records = content.recordCount();
            min = content.minTimestampNanos();
            max = content.maxTimestampNanos();
        } else if (footer != null) {
            first = footer.firstSequence();
            last = footer.lastSequence();
            records = footer.recordCount();
            min = footer.minTimestampNanos();
            max = footer.maxTimestampNanos();
        }
        return SegmentReport.builder(name(), number(), verdict())
                .records(first, last, records)
                .timestampNanos(min, max)
                .bytes(dataEnd, file.fileBytes())
                .detail(finding.detail())
                .build();
    }
}
