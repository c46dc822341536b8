package io.veloz.wal;

import io.veloz.wal.internal.commit.ClaimLoss;
import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.commit.PendingAppend;
import io.veloz.wal.internal.format.RecordLayout;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The way of records into the buffer: check, claim, copy, publish. Any thread may use it. */
final class Appender {
    private final LogWriter writer;
    private final ClaimLoss claimLoss;
    private final LongSupplier clock;
    private final int maxPayloadBytes;

    Appender(LogWriter writer, WalConfig config) {
        this.writer = writer;
        this.claimLoss = writer.claimLoss();
        this.clock = config.wallClockNanos();
        this.maxPayloadBytes = config.maxPayloadBytes();
    }

    static void checkType(int type) {
        if (type < 1 || type > RecordLayout.MAX_TYPE) {
            throw new IllegalArgumentException("record type " + type + ": expected 1 to " + RecordLayout.MAX_TYPE);
        }
    }

    /** Returns the sequence of the record. */
    long append(int type, ByteBuffer payload, Durability durability, @Nullable PendingAppend pending) {
        checkType(type);
        Objects.requireNonNull(durability, "durability");
        int bytes = payload.remaining();
        checkSize("payload of " + bytes + " bytes", RecordLayout.size(bytes));
        int urgency = LogWriter.urgency(durability);
        long timestamp = clock.getAsLong();
        int recordBytes = RecordLayout.size(bytes);
        long claim = writer.claim(1, recordBytes, pending != null);
        long sequence;
        try {
            sequence = writer.firstSequence(claim);
            int at = writer.recordsAt(claim);
            put(at, at + recordBytes, type, 0, timestamp, payload);
            if (pending != null) {
                pending.sequence(sequence);
                writer.register(sequence, pending);
            }
            writer.publish(claim, 1, recordBytes, urgency);
        } catch (Throwable t) {
            // A payload in a mapped file that has become shorter, memory or stack that is out: the sequence is taken,
            // and
            // the record cannot be written.
            claimLoss.happened = true;
            writer.wake();
            throw t;
        }
        writer.wake();
        if (pending != null) {
            writer.failIfPending(sequence, pending);
        }
        return sequence;
    }

    /** Returns the sequence of the last record. */
    long append(RecordGroup group, Durability durability, @Nullable PendingAppend pending) {
        Objects.requireNonNull(durability, "durability");
        int records = group.size();
        int recordBytes = sizeOf(group);
        int urgency = LogWriter.urgency(durability);
        long timestamp = clock.getAsLong();
        long claim = writer.claim(records, recordBytes, pending != null);
        long first;
        long last;
        try {
            first = writer.firstSequence(claim);
            last = first + records - 1;
            int at = writer.recordsAt(claim);
            int end = at + recordBytes;
            for (int i = 0; i < records; i++) {
                int flags = i < records - 1 ? RecordLayout.GROUP_CONTINUES : 0;
                at = put(at, end, group.type(i), flags, group.timestampNanos(i, timestamp), group.payload(i));
            }
            if (pending != null) {
                // At the first record: the group is one batch, so it is delivered as a whole.
                pending.sequence(last);
                writer.register(first, pending);
            }
            writer.publish(claim, records, recordBytes, urgency);
        } catch (Throwable t) {
            claimLoss.happened = true;
            writer.wake();
            throw t;
        }
        writer.wake();
        if (pending != null) {
            writer.failIfPending(first, pending);
        }
        return last;
    }

    private int sizeOf(RecordGroup group) {
        if (group.size() == 0) {
            throw new IllegalArgumentException("a group without records");
        }
        long bytes = 0;
        for (int i = 0; i < group.size(); i++) {
            bytes += RecordLayout.size(group.payload(i).remaining());
        }
        checkSize("group of " + group.size() + " records, " + bytes + " bytes with heads", bytes);
        return (int) bytes;
    }

    private void checkSize(String what, long recordBytes) {
        // A payload of nearly 2 GiB makes the size of its record negative.
        if (recordBytes < 0 || recordBytes > RecordLayout.size(maxPayloadBytes)) {
            throw new IllegalArgumentException(what + ": expected at most " + maxPayloadBytes
                    + " bytes of payload in a single record; see WalConfig.maxBatchBytes");
        }
    }

    private int put(int at, int end, int type, int flags, long timestampNanos, ByteBuffer payload) {
        int bytes = payload.remaining();
        if (RecordLayout.size(bytes) > end - at) {
            // It would run into the record of another thread.
            throw new IllegalStateException("the payload has grown to " + bytes + " bytes while it was appended");
        }
        ByteBuffer target = writer.bytes();
        RecordLayout.putHeader(target, at, bytes, type, flags, timestampNanos);
        target.put(at + RecordLayout.HEADER_BYTES, payload, payload.position(), bytes);
        return at + RecordLayout.size(bytes);
    }
}
