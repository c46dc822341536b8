package io.veloz.wal.internal.recovery;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.internal.format.EndMark;
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
import org.jspecify.annotations.Nullable;

/** One file of the directory, and the results of its analysis. Confined to the analysing thread. */
public final class FoundSegment {
    String name;
    final long fileBytes;
    final @Nullable SegmentHeader header;
    Verdict verdict = Verdict.ACTIVE;
    String detail = "";

    /** Position of the damage, and the range of damaged records; -1 if not known. */
    long badPosition = -1;

    long badFirst = -1;
    long badLast = -1;

    /** The newest end mark in the header page; null if there is none. */
    final @Nullable EndMark endMark;

    /** Whether the file contains only a header and zeros. */
    boolean blank;

    /** The predecessor stated by the first batch. */
    @Nullable
    Predecessor predecessor;

    /** The first sequence of the first batch; -1 if there is none. */
    long openingSequence = -1;

    boolean openingDeclaresLoss;

    /** The valid footer, without its index; null if there is none. */
    @Nullable
    Footer footer;

    Sha256 footerSha256 = Sha256.ZERO;

    /** The SHA-256 of the previous footer, as stated by the footer. */
    Sha256 previousFooterSha256 = Sha256.ZERO;

    /** The content found by a scan; null if the footer was used instead. */
    @Nullable
    SegmentContent content;

    /** The position after the last valid batch. */
    long dataEnd = SegmentHeader.BYTES;

    int lastBatchCrc;

    /** The sequence after the last record; -1 if not known. */
    long nextSequence = -1;

    /** The highest durable sequence stated by any of its batches. */
    long promisedSequence;

    /** The position after the last byte that is not zero, if that is after {@link #dataEnd}. */
    long tornEnd = -1;

    FoundSegment(String name, long fileBytes, @Nullable SegmentHeader header, @Nullable EndMark endMark) {
        this.name = name;
        this.fileBytes = fileBytes;
        this.header = header;
        this.endMark = endMark;
    }

    /** Returns the entry of a missing file, or of one with an unreadable header. */
    static FoundSegment bad(String name, long fileBytes, Verdict what, long position, String why) {
        FoundSegment segment = new FoundSegment(name, fileBytes, null, null);
        segment.bad(what, position, -1, -1, why);
        return segment;
    }

    long number() {
        return header == null ? -1 : header.number();
    }

    boolean hasRecords() {
        return footer != null || (content != null && !content.isEmpty());
    }

    /**
     * Returns whether the footer states no previous footer, so that it need not follow one. The previous segment had
     * been trimmed when this footer was written, or had a rebuilt footer. If this footer was rebuilt itself, the next
     * footer states the SHA-256 of the lost original, and need not match this one either.
     */
    boolean restartsChain() {
        return number() > 1 && previousFooterSha256.equals(Sha256.ZERO);
    }

    /** Returns whether the footer of the next segment must state the SHA-256 of this one's footer. */
    boolean isInChain() {
        return !footerSha256.equals(Sha256.ZERO) && !restartsChain();
    }

    void bad(Verdict what, long position, long first, long last, String why) {
        verdict = what;
        badPosition = position;
        badFirst = first;
        badLast = last;
        detail = why;
    }

    /** Returns the problem as the exception to throw. */
    WalException problem(String directory) {
        String place = directory + "/" + name;
        return verdict == Verdict.UNKNOWN_VERSION
                ? new WalVersionException(place + ": " + detail)
                : new WalCorruptException(place, badPosition, badFirst, badLast, detail);
    }

    /** Returns the index, read again from the file because of its size; null if there is none. */
    @Nullable
    SparseIndex index(Storage storage) throws IOException {
        if (content != null) {
            return content.index();
        }
        if (footer == null || header == null) {
            return null;
        }
        try (StorageFile file = storage.openForReading(name)) {
            @Nullable Footer whole = FooterReader.at(file, header, footer.dataEnd());
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
        return new SegmentReport(name, number(), verdict, first, last, records, min, max, dataEnd, fileBytes, detail);
    }
}
