package io.veloz.wal.internal.recovery;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalProgress;
import io.veloz.wal.internal.checkpoint.CheckpointFile;
import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.segment.SameSegment;
import io.veloz.wal.internal.segment.TailSearch;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Analyses a directory without changing it: its segments, whether they follow each other without a gap, and whether a
 * problem at the end is a torn tail or damage. Confined to one thread.
 *
 * <p>The header inside a file defines its identity; the file name is only a label. {@link SegmentExamination} checks
 * the contents.
 */
public final class Analyser {
    /** How much of the log is read. */
    public enum Depth {
        /** Like {@link #STRUCTURE}, but samples the zeros after the data. For inspections that change nothing. */
        OUTLINE,
        /** Headers, footers and the chain, and the content of segments without a footer. For opening. */
        STRUCTURE,
        /** Every byte. */
        CONTENT
    }

    /** A larger file without a valid header is not read to check whether it is blank. */
    private static final long LARGEST_WITHOUT_HEADER = 1L << 32;

    private final Storage storage;
    private final SegmentNames names;
    private final Depth depth;
    private final boolean acceptMissingEnds;
    private final boolean concurrent;
    private final Analysis analysis = new Analysis();
    private WalProgress progress = WalProgress.NONE;

    /**
     * @param concurrent whether a writer may have the log open: then only records up to the durable sequences in the
     *     files count, and no tail is torn
     */
    public Analyser(Storage storage, SegmentNames names, Depth depth, boolean acceptMissingEnds, boolean concurrent) {
        this.storage = storage;
        this.names = names;
        this.depth = depth;
        this.acceptMissingEnds = acceptMissingEnds;
        this.concurrent = concurrent;
    }

    /** Sets the listener that receives the progress. */
    public Analyser progress(WalProgress listener) {
        progress = listener;
        return this;
    }

    public Analysis analyse() throws IOException {
        List<FoundSegment> found = new ArrayList<>();
        boolean traces = false;
        for (String name : storage.list()) {
            if (names.isSegment(name)) {
                @Nullable FoundSegment segment = readHeader(name);
                if (segment != null) {
                    found.add(segment);
                }
            } else if (names.isQuarantine(name)) {
                analysis.quarantined.add(name);
            }
            traces |= names.isQuarantine(name) || names.isCheckpoint(name);
        }
        for (Map.Entry<String, String> entry : storage.irregular().entrySet()) {
            if (names.belongsToLog(entry.getKey())) {
                String why = "is " + entry.getValue() + "; expected a regular file";
                analysis.segments.add(FoundSegment.bad(entry.getKey(), 0, Verdict.CORRUPT, -1, why));
            }
        }
        analysis.quarantined.sort(Comparator.naturalOrder());
        readTrimMark();
        markUnreadable(found);
        setAsideForeign(found);
        setAsideMisnamed(found);
        found.sort(Comparator.comparingLong(FoundSegment::number));
        setAsideTrimmed(found);
        new SegmentExamination(storage, names, depth, concurrent, analysis, progress).examine(chain(found, traces));
        if (!concurrent) {
            missingBeforeCheckpoint();
        }
        return analysis;
    }

    /**
     * A checkpoint covers only durable records. A log that ends before its newest checkpoint has lost its last files,
     * or they were replaced by older ones. If such a log were appended to, a replay from that checkpoint would skip the
     * new records.
     */
    private void missingBeforeCheckpoint() throws IOException {
        long last = analysis.lastSequence();
        FoundSegment end = analysis.endIsMissing(names.current());
        if (analysis.logId == null || (end == null && analysis.problem("") != null)) {
            return;
        }
        @Nullable CheckpointFile beyond = new CheckpointSlots(storage, names, analysis.logId).beyond(last);
        if (beyond != null) {
            FoundSegment lost = end != null ? end : missing(names.current(), 1);
            String why = "the log ends with record " + last + "; expected " + beyond.sequence() + ", which checkpoint "
                    + beyond.name() + " covers";
            lost.bad(Verdict.MISSING, -1, last + 1, beyond.sequence(), why);
            if (end == null) {
                analysis.segments.add(lost);
            }
        }
    }

    /** Returns null if the file is an incomplete prepared segment, which counts as missing. */
    private @Nullable FoundSegment readHeader(String name) throws IOException {
        try (StorageFile file = storage.openForReading(name)) {
            ByteBuffer page = ByteBuffer.allocate(SegmentHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            int available = file.readFully(page, 0);
            try {
                SegmentHeader header = SegmentHeader.decode(page, available);
                header.checkFileBytes(file.size());
                return new FoundSegment(name, file.size(), header, header.endMark(page));
            } catch (UnknownFormatException e) {
                return FoundSegment.bad(name, file.size(), Verdict.UNKNOWN_VERSION, 0, String.valueOf(e.getMessage()));
            } catch (DamagedException e) {
                if (name.equals(names.prepared()) && isEmpty(file, page, available)) {
                    return null;
                }
                return FoundSegment.bad(name, file.size(), Verdict.CORRUPT, 0, String.valueOf(e.getMessage()));
            }
        }
    }

    /** Returns whether the file has only zeros, or a partial header. */
    private static boolean isEmpty(StorageFile file, ByteBuffer page, int available) throws IOException {
        boolean ours = available == SegmentHeader.BYTES || SegmentHeader.isPartial(page, available);
        return ours && file.size() <= LARGEST_WITHOUT_HEADER && SameSegment.isBlank(file);
    }

    private void readTrimMark() throws IOException {
        try {
            @Nullable TrimMark mark = TrimMark.read(storage, names);
            if (mark != null) {
                analysis.firstNumber = mark.firstSegment();
                analysis.nextSequence = mark.firstSequence();
                analysis.beginSequence = mark.firstSequence();
                analysis.logId = mark.logId();
            }
        } catch (DamagedException e) {
            analysis.segments.add(
                    FoundSegment.bad(names.trimMark(), 0, Verdict.CORRUPT, 0, String.valueOf(e.getMessage())));
        }
    }

    private void markUnreadable(List<FoundSegment> found) {
        for (FoundSegment segment : List.copyOf(found)) {
            if (segment.header == null) {
                found.remove(segment);
                analysis.segments.add(segment);
            }
        }
    }

    /** Marks segments of other logs. The id of the log is that of the trim mark, or else that of most files. */
    private void setAsideForeign(List<FoundSegment> found) {
        if (analysis.logId == null) {
            Map<LogId, Integer> counts = new HashMap<>();
            for (FoundSegment segment : found) {
                counts.merge(Objects.requireNonNull(segment.header).logId(), 1, Integer::sum);
            }
            int most = 0;
            for (FoundSegment segment : found) {
                LogId id = Objects.requireNonNull(segment.header).logId();
                int count = Objects.requireNonNull(counts.get(id));
                if (count > most) {
                    most = count;
                    analysis.logId = id;
                }
            }
        }
        for (FoundSegment segment : List.copyOf(found)) {
            LogId id = Objects.requireNonNull(segment.header).logId();
            if (!id.equals(analysis.logId)) {
                segment.bad(Verdict.FOREIGN, 24, -1, -1, "segment of log " + id + "; expected log " + analysis.logId);
                found.remove(segment);
                analysis.segments.add(segment);
            }
        }
    }

    /**
     * Marks sealed names that do not match the segment number. A segment gets its number as the last step, so a
     * mismatch means that the file was renamed by hand. Recovery does not rename it, because that could replace
     * another file.
     */
    private void setAsideMisnamed(List<FoundSegment> found) {
        for (FoundSegment segment : List.copyOf(found)) {
            String right = names.sealed(segment.number());
            if (names.isSealed(segment.name) && !segment.name.equals(right)) {
                segment.bad(
                        Verdict.FOREIGN,
                        40,
                        -1,
                        -1,
                        "contains segment " + segment.number() + "; expected in " + right);
                found.remove(segment);
                analysis.segments.add(segment);
            }
        }
    }

    private void setAsideTrimmed(List<FoundSegment> found) {
        for (FoundSegment segment : List.copyOf(found)) {
            if (segment.number() < analysis.firstNumber) {
                found.remove(segment);
                analysis.trimmed.add(segment.name);
            }
        }
    }

    /**
     * Returns the segments in order of their numbers, one per number. A missing segment is represented by an entry of
     * its own.
     */
    private List<FoundSegment> chain(List<FoundSegment> found, boolean traces) throws IOException {
        List<FoundSegment> chain = new ArrayList<>();
        long expected = analysis.firstNumber;
        if (acceptMissingEnds && !found.isEmpty() && found.get(0).number() > expected) {
            expected = found.get(0).number();
            analysis.firstNumber = expected;
            analysis.nextSequence = -1;
        }
        for (FoundSegment segment : found) {
            segment.blank = isBlank(segment);
            FoundSegment last = chain.isEmpty() ? null : chain.get(chain.size() - 1);
            if (last != null && last.number() == segment.number()) {
                chain.set(chain.size() - 1, choose(last, segment));
                continue;
            }
            if (expected < segment.number()) {
                chain.add(missing(names.sealed(expected), segment.number() - expected));
            }
            chain.add(segment);
            expected = segment.number() + 1;
        }
        boolean somethingLost = chain.isEmpty() && (analysis.firstNumber > 1 || traces);
        boolean lastIsSealed = !chain.isEmpty() && names.isSealed(chain.get(chain.size() - 1).name);
        if ((somethingLost || lastIsSealed) && !acceptMissingEnds) {
            // A segment gets its number only when its successor is durable, so there was a successor.
            chain.add(missing(names.current(), 1));
        }
        return chain;
    }

    private static FoundSegment missing(String name, long count) {
        String others = count == 1 ? "" : ", and so are the next " + (count - 1);
        return FoundSegment.bad(name, 0, Verdict.MISSING, -1, "the file is missing or empty" + others);
    }

    /**
     * Chooses one of two files, see {@link SameSegment}. At most one of them is named by its number, see
     * {@link #setAsideMisnamed}.
     */
    private FoundSegment choose(FoundSegment first, FoundSegment second) {
        return switch (SameSegment.of(sameSegment(first), sameSegment(second), names)) {
            case FIRST -> first;
            case SECOND -> second;
            case NEITHER -> {
                String why = "contains segment " + second.number() + ", and so does " + first.name;
                second.bad(Verdict.FOREIGN, 40, -1, -1, why);
                analysis.segments.add(second);
                yield first;
            }
        };
    }

    private static SameSegment sameSegment(FoundSegment segment) {
        return new SameSegment(segment.name, Objects.requireNonNull(segment.header), segment.blank);
    }

    private boolean isBlank(FoundSegment segment) throws IOException {
        try (StorageFile file = storage.openForReading(segment.name)) {
            return depth == Depth.CONTENT
                    ? SameSegment.isBlank(file)
                    : TailSearch.isBlank(file, Objects.requireNonNull(segment.header));
        }
    }
}
