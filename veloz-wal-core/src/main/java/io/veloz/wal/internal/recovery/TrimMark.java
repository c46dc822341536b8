package io.veloz.wal.internal.recovery;

import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The start of the log after a trim, which distinguishes a trimmed segment from a missing one. Immutable. See
 * docs/format.md, "Trim mark".
 */
public record TrimMark(LogId logId, long firstSegment, long firstSequence) {
    private static final long MAGIC = 0x4b524d5a4f4c4556L; // "VELOZMRK"
    private static final int BYTES = 48;

    /** Writes the marks of one log. */
    @FunctionalInterface
    public interface Writer {
        /** Writes a mark, and returns when it is durable. */
        void write(long firstSegment, long firstSequence) throws IOException;
    }

    public static Writer writer(Storage storage, SegmentNames names, LogId logId) {
        return (segment, sequence) -> new TrimMark(logId, segment, sequence).write(storage, names);
    }

    private void write(Storage storage, SegmentNames names) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(MAGIC).putLong(logId.high()).putLong(logId.low());
        bytes.putLong(firstSegment).putLong(firstSequence).putInt(0);
        bytes.putInt(new Checksum().of(bytes, 0, BYTES - 4)).flip();
        AtomicFile.replace(storage, names.trimMark(), names.temporary(names.trimMark()), bytes);
    }

    /** Returns the first sequence of the log if a segment of it was trimmed; otherwise 0. */
    public static long firstSequenceIfTrimmed(Storage storage, SegmentNames names, LogId logId, long segment)
            throws IOException, DamagedException {
        @Nullable TrimMark mark = read(storage, names);
        if (mark == null || mark.firstSegment() <= segment) {
            return 0;
        }
        return logId.equals(LogId.NONE) || logId.equals(mark.logId()) ? mark.firstSequence() : 0;
    }

    /** Returns the mark; null if the log was never trimmed. */
    public static @Nullable TrimMark read(Storage storage, SegmentNames names) throws IOException, DamagedException {
        if (!storage.exists(names.trimMark())) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (StorageFile file = storage.openForReading(names.trimMark())) {
            if (file.readFully(bytes, 0) < BYTES || file.size() != BYTES) {
                throw new DamagedException("file of " + file.size() + " bytes; expected " + BYTES);
            }
        }
        int crc = new Checksum().of(bytes, 0, BYTES - 4);
        if (bytes.getLong(0) != MAGIC || crc != bytes.getInt(BYTES - 4)) {
            throw new DamagedException(
                    String.format(Locale.ROOT, "checksum %08x; expected %08x", crc, bytes.getInt(BYTES - 4)));
        }
        if (bytes.getLong(24) < 1 || bytes.getLong(32) < 1) {
            throw new DamagedException("begins with segment " + bytes.getLong(24) + " and record " + bytes.getLong(32)
                    + "; expected 1 or more");
        }
        return new TrimMark(new LogId(bytes.getLong(8), bytes.getLong(16)), bytes.getLong(24), bytes.getLong(32));
    }
}
