package io.veloz.wal.internal.recovery;

import io.veloz.wal.LostRange;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalProgress;
import io.veloz.wal.internal.checkpoint.CheckpointFile;
import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.DirectoryScan.Entry;
import io.veloz.wal.internal.recovery.FoundSegment.Finding;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Analyses a directory without changing it: its segments, whether they follow each other without a gap, and whether a
 * problem at the end is a torn tail or damage. Confined to one thread.
 *
 * <p>A {@link DirectoryScan} finds the segments by their headers, a {@link SegmentCheck} checks the content of each, and
 * the results form an {@link Analysis}.
 */
public final class Analyser {
    /** How much of the log is read. */
    public enum Depth {
        /** Like {@link #STRUCTURE}, but samples the zeros after the data. For inspections that change nothing. */
        OUTLINE,
        /** Headers, footers and the chain, and the content of segments without a footer. For opening. */
        STRUCTURE,
        /** Every byte, but the data of sealed segments is not compared with the digests in their footers. */
        RECORDS,
        /** Every byte. */
        CONTENT;

        /** Returns whether all records are read. */
        boolean readsRecords() {
            return this == RECORDS || this == CONTENT;
        }
    }

    private final SegmentCheck.Settings settings;
    private final boolean acceptMissingEnds;
    private final boolean comparesCheckpoint;
    private WalProgress progress = WalProgress.NONE;

    /**
     * @param concurrent whether a writer may have the log open: then only records up to the durable sequences in the
     *     files count, and no tail is torn
     */
    public Analyser(Storage storage, SegmentNames names, Depth depth, boolean acceptMissingEnds, boolean concurrent) {
        this(new SegmentCheck.Settings(storage, names, depth, concurrent, !concurrent), acceptMissingEnds, !concurrent);
    }

    private Analyser(SegmentCheck.Settings settings, boolean acceptMissingEnds, boolean comparesCheckpoint) {
        this.settings = settings;
        this.acceptMissingEnds = acceptMissingEnds;
        this.comparesCheckpoint = comparesCheckpoint;
    }

    /**
     * Returns an analyser that also counts complete records whose durability the files do not state yet. A record is
     * acknowledged before the files state it, so this one counts all acknowledged records.
     */
    public static Analyser ofWrittenRecords(Storage storage, SegmentNames names, boolean concurrent) {
        return new Analyser(
                new SegmentCheck.Settings(storage, names, Depth.OUTLINE, concurrent, true), false, !concurrent);
    }

    /**
     * Returns an analyser of the beginning of a log whose other segments are copied later. A checkpoint may be there already that
     * covers their records, so the end is not compared with it.
     */
    static Analyser ofBeginning(Storage storage, SegmentNames names) {
        return new Analyser(new SegmentCheck.Settings(storage, names, Depth.STRUCTURE, false, true), true, false);
    }

    /** Sets the listener that receives the progress. */
    public Analyser progress(WalProgress listener) {
        progress = listener;
        return this;
    }

    public Analysis analyse() throws IOException {
        DirectoryScan scan =
                new DirectoryScan(settings.storage(), settings.names(), settings.depth(), acceptMissingEnds);
        Analysis analysis = checkSegments(scan);
        return comparesCheckpoint ? compareWithCheckpoint(analysis) : analysis;
    }

    private Analysis checkSegments(DirectoryScan scan) throws IOException {
        List<FoundSegment> segments = new ArrayList<>(scan.setAside().toList());
        List<LostRange> declaredLosses = new ArrayList<>();
        List<Entry> chain = scan.chain();
        long total = chain.stream().mapToLong(Entry::fileBytes).sum();
        long done = 0;
        long nextSequence = scan.nextSequence();
        // The last segment with records, and the sequence of the next record; unknown after damage.
        @Nullable FoundSegment before = null;
        long expected = scan.nextSequence();
        for (int i = 0; i < chain.size(); i++) {
            Entry file = chain.get(i);
            @Nullable Entry after = i + 1 < chain.size() ? chain.get(i + 1) : null;
            progress.update(done, total);
            done += file.fileBytes();
            FoundSegment segment = file.header() == null
                    ? missing(file, after, expected)
                    : new SegmentCheck(settings, file, before, after, expected, declaredLosses).check();
            if (!file.blank()) {
                expected = segment.isGood() ? segment.nextSequence() : -1;
                if (segment.hasRecords() || file.header() == null) {
                    before = segment.isGood() ? segment : null;
                }
            }
            segments.add(segment);
            nextSequence = segment.nextSequence() > 0 ? segment.nextSequence() : nextSequence;
        }
        progress.update(total, total);
        return new Analysis(scan, segments, declaredLosses, nextSequence);
    }

    private static FoundSegment missing(Entry file, @Nullable Entry after, long expected) {
        long last = after != null && after.openingSequence() > 0 ? after.openingSequence() - 1 : -1;
        String why = Objects.requireNonNull(file.problem()).detail();
        return FoundSegment.unchecked(file, new Finding(Verdict.MISSING, -1, expected, last, why));
    }

    /**
     * A checkpoint covers only durable records. A log that ends before its newest checkpoint has lost its last
     * files, or they were replaced by older ones. If it were appended to, a replay from that checkpoint would skip
     * the new records.
     */
    private Analysis compareWithCheckpoint(Analysis analysis) throws IOException {
        long last = analysis.lastSequence();
        SegmentNames names = settings.names();
        @Nullable FoundSegment end = analysis.missingEnd(names.current());
        if (analysis.logId == null || (end == null && analysis.problem("") != null)) {
            return analysis;
        }
        @Nullable
        CheckpointFile beyond = new CheckpointSlots(settings.storage(), names, analysis.logId).newestAfter(last);
        if (beyond == null) {
            return analysis;
        }
        String why = "the log ends with record " + last + "; expected " + beyond.sequence() + ", which checkpoint "
                + beyond.name() + " covers";
        Entry file = end != null ? end.file() : Entry.missing(names.current(), 1);
        Finding finding = new Finding(Verdict.MISSING, -1, last + 1, beyond.sequence(), why);
        return analysis.withMissingEnd(FoundSegment.unchecked(file, finding));
    }
}
