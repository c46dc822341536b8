package io.veloz.wal.internal.commit;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.segment.SegmentSealer;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The segments that are complete, oldest first, and the chain of their footers. It belongs to the housekeeping thread. */
final class SealedSegments {
    private final Storage storage;
    private final SegmentNames names;
    private final ArrayDeque<SegmentReport> segments;
    private Sha256 lastFooter;

    /** Of the first record behind them, if there is one yet. */
    private long nextSequence;

    SealedSegments(
            Storage storage, SegmentNames names, List<SegmentReport> segments, Sha256 lastFooter, long nextSequence) {
        this.nextSequence = nextSequence;
        this.storage = storage;
        this.names = names;
        this.segments = new ArrayDeque<>(segments);
        this.lastFooter = lastFooter;
    }

    /** Seals a segment on disk, and takes it in. */
    SegmentReport seal(SegmentFile segment) throws IOException {
        Footer footer = SegmentSealer.seal(segment, lastFooter);
        lastFooter = Sha256.of(footer.encode());
        SegmentReport report = new SegmentReport(
                names.sealed(footer.number()),
                footer.number(),
                SegmentReport.Verdict.SEALED,
                footer.firstSequence(),
                footer.lastSequence(),
                footer.recordCount(),
                footer.minTimestampNanos(),
                footer.maxTimestampNanos(),
                footer.dataEnd(),
                footer.dataEnd() + footer.encode().remaining(),
                "");
        segments.add(report);
        nextSequence = footer.lastSequence() + 1;
        return report;
    }

    /** Null if there is none. */
    @Nullable
    SegmentReport oldest() {
        return segments.peekFirst();
    }

    /** Of the oldest record in the log, here or in the active segment; of the next one if there is none. */
    long firstSequence() {
        return segments.isEmpty() ? nextSequence : segments.getFirst().firstSequence();
    }

    /**
     * Deletes the oldest segments that hold nothing beyond a sequence.
     *
     * <p>Crash table. The mark goes first: it says which segments may be missing, so that a missing one is never taken for
     * a trimmed one. A cut after the mark leaves segments below it, all or some; the next open deletes them.
     */
    List<SegmentReport> trim(long upToSequence, int keepSegments, TrimMark.Writer mark) throws IOException {
        List<SegmentReport> going = new ArrayList<>();
        for (SegmentReport segment : segments) {
            if (segment.lastSequence() > upToSequence || segments.size() - going.size() <= keepSegments) {
                break;
            }
            going.add(segment);
        }
        if (going.isEmpty()) {
            return going;
        }
        SegmentReport last = going.get(going.size() - 1);
        mark.write(last.number() + 1, last.lastSequence() + 1);
        for (SegmentReport segment : going) {
            storage.delete(segment.file());
            segments.removeFirst();
        }
        storage.forceDirectory();
        return going;
    }
}
