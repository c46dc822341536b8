package io.veloz.wal.internal.recovery;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.segment.FooterReader;
import io.veloz.wal.internal.segment.SegmentOpening;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts older segments in front of a log that begins with a later one, the newest first, and lowers its trim mark. The caller
 * excludes a concurrent trim, and any other change by a process that does not have the log's lock. Not thread-safe.
 *
 * <p>Crash table of {@link #add}. A file below the mark does not belong to the log.
 *
 * <pre>
 *   crash after                  the log begins with       the next open
 *   the file was forced          the segment above         keeps the temporary file while a fill is pending
 *   it was renamed               the segment above         deletes it, if it still has its name
 *   the directory was forced     the segment above         deletes it
 *   the mark was replaced        either                    opens: the file is durable
 *   the mark is durable          the segment               opens
 * </pre>
 *
 * <p>Order matters: a mark that is durable before the name of its segment could begin a log with a segment that is missing.
 * And the newest segment is added first: the other way round the log would have a hole until the end.
 *
 * <p>Crash table of {@link #end}: the file exists, or does not. Each trim ends the fill before it raises the mark. In the other
 * order a fill could continue after a crash, and add the segments again that were trimmed.
 */
public final class SegmentFill {
    private final Storage storage;
    private final SegmentNames names;

    public SegmentFill(Storage storage, SegmentNames names) {
        this.storage = storage;
        this.names = names;
    }

    public boolean isPending() throws IOException {
        return storage.exists(names.fill());
    }

    /**
     * Returns the begin of the log.
     *
     * @throws WalCorruptException if it is not known
     */
    public TrimMark begin() throws IOException {
        String where = storage.describe() + "/" + names.trimMark();
        try {
            @Nullable TrimMark mark = TrimMark.read(storage, names);
            if (mark == null) {
                throw new WalCorruptException(where, -1, -1, -1, "the file is missing; expected the begin of the log");
            }
            return mark;
        } catch (DamagedException e) {
            throw new WalCorruptException(where, 0, -1, -1, String.valueOf(e.getMessage()));
        }
    }

    /**
     * Adds the segment before the first one from its temporary file. Returns when this is durable.
     *
     * @param number the number of that segment
     * @return null if no fill is pending
     * @throws IllegalArgumentException if the log does not begin with the segment after that number
     * @throws WalCorruptException if the file is not that segment; the log was not changed
     */
    public @Nullable SegmentReport add(long number) throws IOException {
        if (!isPending()) {
            return null;
        }
        TrimMark above = begin();
        if (number != above.firstSegment() - 1) {
            throw new IllegalArgumentException("segment " + number + " of " + storage.describe() + ": expected "
                    + (above.firstSegment() - 1) + ", because the log begins with segment " + above.firstSegment());
        }
        String temporary = names.filling(number);
        SegmentReport added;
        try (StorageFile file = storage.open(temporary)) {
            added = check(file, temporary, above);
            file.force();
        }
        storage.rename(temporary, names.sealed(number));
        storage.forceDirectory();
        TrimMark.writer(storage, names, above.logId()).write(number, added.firstSequence());
        return added;
    }

    /** Ends the fill. Returns when this is durable. */
    public void end() throws IOException {
        if (isPending()) {
            storage.delete(names.fill());
            storage.forceDirectory();
        }
    }

    private SegmentReport check(StorageFile file, String name, TrimMark above) throws IOException {
        try {
            SegmentHeader header = header(file);
            long number = above.firstSegment() - 1;
            require(header.logId().equals(above.logId()), name, "segment of log " + header.logId());
            require(header.number() == number, name, "contains segment " + header.number() + "; expected " + number);
            @Nullable Footer footer = FooterReader.atEnd(file, header);
            if (footer == null) {
                throw corrupt(name, "the footer is missing or damaged");
            }
            require(
                    footer.lastSequence() + 1 == above.firstSequence(),
                    name,
                    "ends with record " + footer.lastSequence() + "; expected " + (above.firstSequence() - 1));
            Predecessor end = new Predecessor(number, header.salt(), footer.dataEnd(), footer.lastBatchCrc());
            SegmentOpening opening = opening(above);
            require(
                    opening.predecessor().equals(end),
                    name,
                    "is " + end + "; segment " + above.firstSegment() + " follows " + opening.predecessor());
            return SegmentReport.builder(names.sealed(number), number, Verdict.SEALED)
                    .records(footer.firstSequence(), footer.lastSequence(), footer.recordCount())
                    .timestampNanos(footer.minTimestampNanos(), footer.maxTimestampNanos())
                    .bytes(footer.dataEnd(), file.size())
                    .build();
        } catch (DamagedException | UnknownFormatException e) {
            throw corrupt(name, String.valueOf(e.getMessage()));
        }
    }

    /** Reads the beginning of the first segment, which a roll may rename meanwhile. */
    private SegmentOpening opening(TrimMark above) throws IOException {
        for (String name :
                List.of(names.sealed(above.firstSegment()), names.current(), names.sealed(above.firstSegment()))) {
            try (StorageFile file = storage.openForReading(name)) {
                SegmentHeader header = header(file);
                @Nullable
                SegmentOpening opening =
                        header.number() == above.firstSegment() ? SegmentOpening.read(file, header) : null;
                if (opening != null) {
                    return opening;
                }
            } catch (NoSuchFileException e) {
                // It has the other name.
            } catch (DamagedException | UnknownFormatException e) {
                throw corrupt(name, String.valueOf(e.getMessage()));
            }
        }
        throw corrupt(
                names.sealed(above.firstSegment()), "has no record; expected one, which states the segment before it");
    }

    /** Reads the header of an open file. */
    static SegmentHeader header(StorageFile file) throws IOException, DamagedException, UnknownFormatException {
        ByteBuffer page = ByteBuffer.allocate(SegmentHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int available = file.readFully(page, 0);
        return SegmentHeader.decode(page, available);
    }

    private void require(boolean condition, String name, String why) {
        if (!condition) {
            throw corrupt(name, why);
        }
    }

    private WalCorruptException corrupt(String name, String why) {
        return new WalCorruptException(storage.describe() + "/" + name, 0, -1, -1, why);
    }
}
