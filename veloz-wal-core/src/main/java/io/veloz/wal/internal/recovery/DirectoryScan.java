package io.veloz.wal.internal.recovery;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.recovery.FoundSegment.Finding;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.SameSegment;
import io.veloz.wal.internal.segment.SegmentOpening;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The first step of an analysis: the segments of a directory in the order of their numbers, by their headers, and the
 * files that are unusable. The constructor reads the directory; afterwards the scan is immutable.
 *
 * <p>The header inside a file defines its identity; the file name is only a label.
 */
final class DirectoryScan {
    /** A larger file without a valid header is not read to check whether it is blank. */
    private static final long LARGEST_WITHOUT_HEADER = 1L << 32;

    /** The header page and the header of the first batch. One read of each file is enough for most. */
    private static final int START_BYTES = SegmentHeader.BYTES + SegmentOpening.BYTES;

    /**
     * One file, or the place of a missing one.
     *
     * @param header null if the file is missing or its header is unreadable
     * @param endMark the newest end mark in the header page; null if there is none
     * @param blank whether the file contains only a header and zeros
     * @param opening the header of the first batch; null if it is absent or invalid
     * @param problem the reason why there is no header; null if there is one
     */
    record Entry(
            String name,
            long fileBytes,
            @Nullable SegmentHeader header,
            @Nullable EndMark endMark,
            boolean blank,
            @Nullable SegmentOpening opening,
            @Nullable Finding problem) {

        static Entry unreadable(String name, long fileBytes, Finding problem) {
            return new Entry(name, fileBytes, null, null, false, null, problem);
        }

        static Entry missing(String name, long count) {
            String others = count == 1 ? "" : ", and so are the next " + (count - 1);
            return unreadable(name, 0, new Finding(Verdict.MISSING, "the file is missing or empty" + others));
        }

        Entry renamed(String newName) {
            return new Entry(newName, fileBytes, header, endMark, blank, opening, problem);
        }

        Entry withData(@Nullable SegmentOpening value) {
            return new Entry(name, fileBytes, header, endMark, false, value, problem);
        }

        SegmentHeader requiredHeader() {
            return Objects.requireNonNull(header);
        }

        long number() {
            return header == null ? -1 : header.number();
        }

        /** Returns the first sequence of the first batch; -1 if there is none. */
        long openingSequence() {
            return opening == null ? -1 : opening.firstSequence();
        }
    }

    private final Storage storage;
    private final SegmentNames names;
    private final Analyser.Depth depth;
    private final List<FoundSegment> setAside = new ArrayList<>();
    private final List<Entry> chain = new ArrayList<>();
    private final List<String> trimmed = new ArrayList<>();
    private final List<String> quarantined = new ArrayList<>();
    private @Nullable LogId logId;
    private long firstNumber = 1;
    private long beginSequence = 1;
    private long nextSequence = 1;

    DirectoryScan(Storage storage, SegmentNames names, Analyser.Depth depth, boolean acceptMissingEnds)
            throws IOException {
        this.storage = storage;
        this.names = names;
        this.depth = depth;
        List<Entry> found = new ArrayList<>();
        boolean traces = false;
        for (String name : storage.list()) {
            if (names.isSegment(name)) {
                @Nullable Entry segment = readHeader(name);
                if (segment != null) {
                    found.add(segment);
                }
            } else if (names.isQuarantine(name)) {
                quarantined.add(name);
            }
            traces |= names.isQuarantine(name) || names.isCheckpoint(name);
        }
        quarantined.sort(Comparator.naturalOrder());
        setAsideIrregular();
        readTrimMark();
        setAsideUnreadable(found);
        setAsideForeign(found);
        setAsideMisnamed(found);
        found.sort(Comparator.comparingLong(Entry::number));
        setAsideTrimmed(found);
        buildChain(found, traces, acceptMissingEnds);
    }

    /** Returns null if the file is an incomplete prepared segment, which counts as missing. */
    private @Nullable Entry readHeader(String name) throws IOException {
        try (StorageFile file = storage.openForReading(name)) {
            ByteBuffer start = ByteBuffer.allocate(START_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            int read = file.readFully(start, 0);
            ByteBuffer page = start.slice(0, SegmentHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            int available = Math.min(read, SegmentHeader.BYTES);
            try {
                SegmentHeader header = SegmentHeader.decode(page, available);
                long fileBytes = file.size();
                header.checkFileBytes(fileBytes);
                boolean blank = BatchScanner.isZero(start, SegmentHeader.BYTES, read - SegmentHeader.BYTES);
                @Nullable
                SegmentOpening opening =
                        read < START_BYTES ? null : SegmentOpening.decode(start, SegmentHeader.BYTES, header);
                return new Entry(name, fileBytes, header, header.endMark(page), blank, opening, null);
            } catch (UnknownFormatException e) {
                return unreadable(name, file.size(), Verdict.UNKNOWN_VERSION, e);
            } catch (DamagedException e) {
                if (name.equals(names.prepared()) && isEmpty(file, page, available)) {
                    return null;
                }
                return unreadable(name, file.size(), Verdict.CORRUPT, e);
            }
        }
    }

    private static Entry unreadable(String name, long fileBytes, Verdict verdict, Exception why) {
        return Entry.unreadable(name, fileBytes, new Finding(verdict, 0, -1, -1, String.valueOf(why.getMessage())));
    }

    /** Returns whether the file has only zeros, or a partial header. */
    private static boolean isEmpty(StorageFile file, ByteBuffer page, int available) throws IOException {
        boolean ours = available == SegmentHeader.BYTES || SegmentHeader.isPartial(page, available);
        return ours && file.size() <= LARGEST_WITHOUT_HEADER && SameSegment.isBlank(file);
    }

    private void setAsideIrregular() throws IOException {
        for (Map.Entry<String, String> irregular : storage.irregular().entrySet()) {
            if (names.belongsToLog(irregular.getKey())) {
                String why = "is " + irregular.getValue() + "; expected a regular file";
                setAside(Entry.unreadable(irregular.getKey(), 0, new Finding(Verdict.CORRUPT, why)));
            }
        }
    }

    private void readTrimMark() throws IOException {
        try {
            @Nullable TrimMark mark = TrimMark.read(storage, names);
            if (mark != null) {
                firstNumber = mark.firstSegment();
                nextSequence = mark.firstSequence();
                beginSequence = mark.firstSequence();
                logId = mark.logId();
            }
        } catch (DamagedException e) {
            setAside(unreadable(names.trimMark(), 0, Verdict.CORRUPT, e));
        }
    }

    private void setAsideUnreadable(List<Entry> found) {
        for (Entry file : List.copyOf(found)) {
            if (file.header == null) {
                found.remove(file);
                setAside(file);
            }
        }
    }

    private void setAside(Entry unreadable) {
        setAside.add(FoundSegment.unchecked(unreadable, Objects.requireNonNull(unreadable.problem)));
    }

    private void setAsideAsForeign(Entry file, long position, String why) {
        setAside.add(FoundSegment.unchecked(file, new Finding(Verdict.FOREIGN, position, -1, -1, why)));
    }

    /** Marks segments of other logs. The id of the log is that of the trim mark, or else that of most files. */
    private void setAsideForeign(List<Entry> found) {
        if (logId == null) {
            Map<LogId, Integer> counts = new HashMap<>();
            for (Entry file : found) {
                counts.merge(file.requiredHeader().logId(), 1, Integer::sum);
            }
            int most = 0;
            for (Entry file : found) {
                LogId id = file.requiredHeader().logId();
                int count = Objects.requireNonNull(counts.get(id));
                if (count > most) {
                    most = count;
                    logId = id;
                }
            }
        }
        for (Entry file : List.copyOf(found)) {
            LogId id = file.requiredHeader().logId();
            if (!id.equals(logId)) {
                found.remove(file);
                setAsideAsForeign(file, 24, "segment of log " + id + "; expected log " + logId);
            }
        }
    }

    /**
     * Marks sealed names that do not match the segment number. A segment gets its number as the last step, so a mismatch
     * means that the file was renamed by hand. Recovery does not rename it, because that could replace another file.
     */
    private void setAsideMisnamed(List<Entry> found) {
        for (Entry file : List.copyOf(found)) {
            String expected = names.sealed(file.number());
            if (names.isSealed(file.name) && !file.name.equals(expected)) {
                found.remove(file);
                setAsideAsForeign(file, 40, "contains segment " + file.number() + "; expected in " + expected);
            }
        }
    }

    private void setAsideTrimmed(List<Entry> found) {
        for (Entry file : List.copyOf(found)) {
            if (file.number() < firstNumber) {
                found.remove(file);
                trimmed.add(file.name);
            }
        }
    }

    /** Puts the segments into the chain, one per number. A missing segment is represented by an entry of its own. */
    private void buildChain(List<Entry> found, boolean traces, boolean acceptMissingEnds) throws IOException {
        long expected = firstNumber;
        if (acceptMissingEnds && !found.isEmpty() && found.get(0).number() > expected) {
            expected = found.get(0).number();
            firstNumber = expected;
            nextSequence = -1;
        }
        for (Entry file : found) {
            Entry segment = file.blank ? searchForData(file) : file;
            Entry last = chain.isEmpty() ? null : chain.get(chain.size() - 1);
            if (last != null && last.number() == segment.number()) {
                chain.set(chain.size() - 1, choose(last, segment));
                continue;
            }
            if (expected < segment.number()) {
                chain.add(Entry.missing(names.sealed(expected), segment.number() - expected));
            }
            chain.add(segment);
            expected = segment.number() + 1;
        }
        boolean somethingLost = chain.isEmpty() && (firstNumber > 1 || traces);
        boolean lastIsSealed = !chain.isEmpty() && names.isSealed(chain.get(chain.size() - 1).name);
        if ((somethingLost || lastIsSealed) && !acceptMissingEnds) {
            // A segment gets its number only when its successor is durable, so there was a successor.
            chain.add(Entry.missing(names.current(), 1));
        }
    }

    /** Checks that a segment is blank after its first bytes as well. A writer may have appended to it meanwhile. */
    private Entry searchForData(Entry segment) throws IOException {
        SegmentHeader header = segment.requiredHeader();
        try (StorageFile file = storage.openForReading(segment.name)) {
            boolean blank = depth.readsRecords() ? SameSegment.isBlank(file) : TailSearch.isBlank(file, header);
            return blank ? segment : segment.withData(SegmentOpening.read(file, header));
        }
    }

    /** Chooses one of two files. At most one of them is named by its number, see {@link #setAsideMisnamed}. */
    private Entry choose(Entry first, Entry second) {
        return switch (SameSegment.of(sameSegment(first), sameSegment(second), names)) {
            case FIRST -> first;
            case SECOND -> second;
            case NEITHER -> {
                setAsideAsForeign(second, 40, "contains segment " + second.number() + ", and so does " + first.name);
                yield first;
            }
        };
    }

    private static SameSegment sameSegment(Entry segment) {
        return new SameSegment(segment.name, segment.requiredHeader(), segment.blank);
    }

    /** Returns the files with a problem that are not part of the chain. */
    Stream<FoundSegment> setAside() {
        return setAside.stream();
    }

    /** Returns the segments without a gap, one per number, including the places of missing ones. */
    List<Entry> chain() {
        return List.copyOf(chain);
    }

    /** Returns the names of the segments below the trim mark that an interrupted trim did not delete. */
    List<String> trimmed() {
        return List.copyOf(trimmed);
    }

    List<String> quarantined() {
        return List.copyOf(quarantined);
    }

    @Nullable
    LogId logId() {
        return logId;
    }

    /** Returns the number of the first expected segment. */
    long firstNumber() {
        return firstNumber;
    }

    /** Returns the first sequence of the log, as stated by its trim mark. */
    long beginSequence() {
        return beginSequence;
    }

    /** Returns the expected sequence of the first record in the chain; -1 if it is not known. */
    long nextSequence() {
        return nextSequence;
    }
}
