package io.veloz.wal.internal.replay;

import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.BatchScanner.Found;
import io.veloz.wal.internal.segment.FooterReader;
import io.veloz.wal.internal.segment.SameSegment;
import io.veloz.wal.internal.segment.SegmentOpening;
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

/** A segment that is open for reading. The open file stays the same through a rename. Confined to one thread. */
final class OpenSegment implements Closeable {
    final String name;
    final SegmentHeader header;
    final StorageFile file;
    final BatchScanner scanner;

    /** Scanner that reads ahead for the durable sequences of later batches; null until it is needed. */
    @Nullable
    BatchScanner ahead;

    /**
     * Whether no writer was alive when a batch of the segment was read. No later writer appends to it, so every valid
     * batch counts.
     */
    boolean abandoned;

    /** Whether a footer was found at the first look; null before it. */
    private @Nullable Boolean sealed;

    /** Whether any record of the segment has been returned. */
    boolean returnedAny;

    /** The position at which an invalid batch was found while a writer was alive; -1 if there is none. */
    long invalidPosition = -1;

    /** The position at which the scanner found no valid batch in freshly read bytes; -1 if there is none. */
    private long freshPosition = -1;

    /** The position from which the bytes after the data were searched; -1 if they were not. */
    private long searchedPosition = -1;

    private boolean searchedLive;

    private OpenSegment(String name, SegmentHeader header, StorageFile file) {
        this.name = name;
        this.header = header;
        this.file = file;
        this.scanner = new BatchScanner(file, header);
    }

    /**
     * Finds a segment by its number, whatever its current name is.
     *
     * @return null if there is none
     */
    static @Nullable OpenSegment find(Storage storage, SegmentNames names, LogId logId, long number)
            throws IOException {
        // Most segments are named by their number. The other names follow in the order in which a segment gets them,
        // because a segment that is renamed during the search could otherwise be missed under each.
        List<String> order = List.of(names.sealed(number), names.prepared(), names.current(), names.sealed(number));
        @Nullable OpenSegment chosen = null;
        boolean done = false;
        try {
            for (String name : order) {
                @Nullable OpenSegment segment = open(storage, name);
                if (segment != null && segment.is(logId, number)) {
                    chosen = chosen == null ? segment : choose(chosen, segment, names);
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

    /** Chooses one of two files, and closes the other one. If neither wins, the second is used. */
    private static OpenSegment choose(OpenSegment first, OpenSegment second, SegmentNames names) throws IOException {
        boolean takeSecond = false;
        try {
            // The analysis rejects two files that both contain records. While a writer appends, both can be a single
            // file that was renamed, and the later name is the current one.
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

    /**
     * Returns the segment with the lowest number above {@code number}. The numbers are not tried one by one, because a
     * header can state any number.
     */
    static @Nullable OpenSegment findAfter(Storage storage, SegmentNames names, LogId logId, long number)
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
            // Not the requested segment, as far as is known. If that one is missing, the caller reports it.
            return null;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** Reads bytes as in every copy of the segment, without verification; returns how many were read. */
    int readRaw(ByteBuffer target, long position) throws IOException {
        return new UnmarkedFile(file).readFully(target, position);
    }

    /** Reads the header of the first batch; returns null if there is no batch yet. */
    @Nullable
    SegmentOpening opening() throws IOException {
        return SegmentOpening.read(file, header);
    }

    /**
     * Returns whether the segment had a footer when it was first asked. A footer is written only when all data before it is
     * durable.
     */
    boolean wasSealed() throws IOException {
        if (sealed == null) {
            sealed = FooterReader.atEnd(file, header) != null;
        }
        return sealed;
    }

    /**
     * Moves the scanner to the next batch. Only freshly read bytes can end the data, because the window may have been
     * read before more was written.
     */
    Found next() throws IOException {
        Found found = scanner.next();
        if ((found == Found.NOTHING || found == Found.INVALID) && scanner.position() != freshPosition) {
            freshPosition = scanner.position();
            scanner.refresh();
            found = scanner.next();
        }
        if (found == Found.BATCH) {
            invalidPosition = -1;
        }
        return found;
    }

    /**
     * Returns whether the bytes after the data need no further search: they are searched once while a writer is alive,
     * and once more when none is, because nothing is appended after that.
     */
    boolean isSearched(long position, boolean live) {
        boolean searched = position == searchedPosition && (live || !searchedLive);
        searchedPosition = position;
        searchedLive = live;
        return searched;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
