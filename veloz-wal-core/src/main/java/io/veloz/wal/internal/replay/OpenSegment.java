package io.veloz.wal.internal.replay;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.SameSegment;
import io.veloz.wal.internal.segment.UnmarkedFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A segment that is being read. The open file stays the same through a rename. It belongs to one thread. */
final class OpenSegment implements Closeable {
    final String name;
    final SegmentHeader header;
    final StorageFile file;
    final BatchScanner scanner;

    /** Runs ahead of the scanner, for the promises of later batches; null as long as none was looked for. */
    @Nullable
    BatchScanner ahead;

    /** No writer lived when a batch of it was read. No later writer appends to it, so every whole batch in it counts. */
    boolean abandoned;

    private OpenSegment(String name, SegmentHeader header, StorageFile file) {
        this.name = name;
        this.header = header;
        this.file = file;
        this.scanner = new BatchScanner(file, header);
    }

    /**
     * Finds a segment by its number, whatever its name is at the moment.
     *
     * @return null if there is none
     */
    static @Nullable OpenSegment find(Storage storage, SegmentNames names, LogId logId, long number)
            throws IOException {
        // Most have their number. Then in the order in which a segment gets its names: one that is renamed meanwhile
        // could
        // otherwise be missed under each.
        List<String> order = List.of(names.sealed(number), names.prepared(), names.current(), names.sealed(number));
        @Nullable OpenSegment chosen = null;
        boolean done = false;
        try {
            for (String name : order) {
                @Nullable OpenSegment segment = open(storage, name);
                if (segment != null && segment.is(logId, number)) {
                    chosen = chosen == null ? segment : oneOf(chosen, segment, names);
                } else if (segment != null) {
                    segment.close();
                }
                if (chosen != null && names.isSealed(chosen.name) && !SameSegment.isBlank(chosen.file)) {
                    break;
                }
            }
            done = true;
            return chosen;
        } finally {
            if (!done && chosen != null) {
                chosen.close();
            }
        }
    }

    private boolean is(LogId logId, long number) {
        return header.number() == number
                && (logId.equals(LogId.NONE) || header.logId().equals(logId));
    }

    /** Closes the other one; if that cannot be told, the second. */
    private static OpenSegment oneOf(OpenSegment first, OpenSegment second, SegmentNames names) throws IOException {
        boolean takeSecond = false;
        try {
            // Two that both hold records the analysis refuses. Beside a writer it may be one file, whose name now is
            // the
            // later one.
            takeSecond = SameSegment.of(first.sameSegment(), second.sameSegment(), names) != SameSegment.Choice.FIRST;
        } finally {
            if (!takeSecond) {
                second.close();
            }
        }
        if (takeSecond) {
            first.close();
        }
        return takeSecond ? second : first;
    }

    private SameSegment sameSegment() throws IOException {
        return new SameSegment(name, header, SameSegment.isBlank(file));
    }

    /** The segment with the lowest number above that one: not looked for number by number, as a header may state any. */
    static @Nullable OpenSegment findBehind(Storage storage, SegmentNames names, LogId logId, long number)
            throws IOException {
        @Nullable OpenSegment next = find(storage, names, logId, number + 1);
        if (next != null) {
            return next;
        }
        long lowest = Long.MAX_VALUE;
        for (String name : storage.list()) {
            @Nullable OpenSegment segment = names.isSegment(name) ? open(storage, name) : null;
            if (segment != null) {
                boolean ours =
                        logId.equals(LogId.NONE) || segment.header.logId().equals(logId);
                lowest = ours && segment.header.number() > number ? Math.min(lowest, segment.header.number()) : lowest;
                segment.close();
            }
        }
        return lowest == Long.MAX_VALUE ? null : find(storage, names, logId, lowest);
    }

    private static @Nullable OpenSegment open(Storage storage, String name) throws IOException {
        StorageFile file;
        try {
            file = storage.openForReading(name);
        } catch (NoSuchFileException e) {
            return null;
        }
        boolean opened = false;
        try {
            ByteBuffer page = ByteBuffer.allocate(SegmentHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            int available = file.readFully(page, 0);
            SegmentHeader header = SegmentHeader.decode(page, available);
            header.checkFileBytes(file.size());
            OpenSegment segment = new OpenSegment(name, header, file);
            opened = true;
            return segment;
        } catch (UnknownFormatException | DamagedException e) {
            // Not the one that is looked for, as far as can be told. If it is missing in the end, that is said.
            return null;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** Bytes as every copy of the segment has them, unchecked; returns how many there were. */
    int readRaw(ByteBuffer target, long position) throws IOException {
        return new UnmarkedFile(file).readFully(target, position);
    }

    /** What its first batch says: how the segment before ended, and a durable sequence. Null if there is none yet. */
    @Nullable
    Opening opening() throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(BatchHeader.BYTES + Predecessor.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (file.readFully(bytes, SegmentHeader.BYTES) < bytes.capacity()) {
            return null;
        }
        try {
            BatchHeader batch = new BatchHeader();
            Checksum checksum = new Checksum();
            batch.decode(bytes, 0, header, checksum);
            if (!batch.opensSegment()) {
                return null;
            }
            return new Opening(
                    Predecessor.decode(bytes, BatchHeader.BYTES, header.salt(), checksum), batch.durableSequence);
        } catch (DamagedException e) {
            return null;
        }
    }

    record Opening(Predecessor predecessor, long durableSequence) {}

    @Override
    public void close() throws IOException {
        file.close();
    }
}
