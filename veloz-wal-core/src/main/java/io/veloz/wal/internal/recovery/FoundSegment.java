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

/** One file of the directory and what has been found out about it. It belongs to the thread that analyses. */
public final class FoundSegment {
    String name;
    final long fileBytes;
    final @Nullable SegmentHeader header;
    Verdict verdict = Verdict.ACTIVE;
    String detail = "";

    /** Where the damage is, and which records it concerns; -1 if not known. */
    long badPosition = -1;

    long badFirst = -1;
    long badLast = -1;

    /** What its header page states of its end; null if it states nothing. */
    final @Nullable EndMark endMark;

    /** Only header and zeros: no batch was ever written. */
    boolean blank;

    /** What its first batch says of the segment before. */
    @Nullable
    Predecessor predecessor;

    /** Of its first batch; -1 if there is none. */
    long openingSequence = -1;

    boolean openingDeclaresLoss;

    /** Without its index; null if there is no whole one. */
    @Nullable
    Footer footer;

    Sha256 footerSha256 = Sha256.ZERO;

    /** As its footer states it. */
    Sha256 previousFooterSha256 = Sha256.ZERO;

    /** What a scan found; null if the footer says it all. */
    @Nullable
    SegmentContent content;

    /** Behind the last whole batch. */
    long dataEnd = SegmentHeader.BYTES;

    int lastBatchCrc;

    /** The sequence that comes after the last record; -1 if not known. */
    long nextSequence = -1;

    /** The highest durable sequence that any batch in it states. */
    long promisedSequence;

    /** Behind the last byte that is not zero, if there is something behind {@link #dataEnd}. */
    long tornEnd = -1;

    FoundSegment(String name, long fileBytes, @Nullable SegmentHeader header, @Nullable EndMark endMark) {
        this.name = name;
        this.fileBytes = fileBytes;
        this.header = header;
        this.endMark = endMark;
    }

    /** A file that is not there, or whose header cannot be read. */
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
     * When its footer was written, the segment before had been trimmed, or its footer had been made again: it names none, so
     * it need not follow that one. If the footer was made again itself, the next one names the lost one, and need not follow
     * it either.
     */
    boolean startsChainAnew() {
        return number() > 1 && previousFooterSha256.equals(Sha256.ZERO);
    }

    /** Whether the footer of the segment behind must name this one's. */
    boolean isInChain() {
        return !footerSha256.equals(Sha256.ZERO) && !startsChainAnew();
    }

    void bad(Verdict what, long position, long first, long last, String why) {
        verdict = what;
        badPosition = position;
        badFirst = first;
        badLast = last;
        detail = why;
    }

    /** Why it is not good, as the exception to throw. */
    WalException problem(String directory) {
        String place = directory + "/" + name;
        return verdict == Verdict.UNKNOWN_VERSION
                ? new WalVersionException(place + ": " + detail)
                : new WalCorruptException(place, badPosition, badFirst, badLast, detail);
    }

    /** Read again from the file, as it takes memory; null if there is none. */
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
            // Trimmed a moment ago, as who looks for its records will find.
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
        return SegmentReport.builder(name, number(), verdict)
                .records(first, last, records)
                .timestampNanos(min, max)
                .bytes(dataEnd, fileBytes)
                .detail(detail)
                .build();
    }
}
