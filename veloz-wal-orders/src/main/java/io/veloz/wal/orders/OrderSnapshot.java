package io.veloz.wal.orders;

import io.veloz.wal.internal.EpochNanos;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * All orders at one sequence, which can be written and read as a checkpoint. Immutable.
 *
 * <p>docs/orders-format.md specifies the bytes.
 */
public final class OrderSnapshot {
    private final long coveredSequence;
    private final long newestNanos;
    private final List<OrderState> orders;

    OrderSnapshot(long coveredSequence, long newestNanos, List<OrderState> orders) {
        this.coveredSequence = coveredSequence;
        this.newestNanos = newestNanos;
        this.orders = List.copyOf(orders);
    }

    /** The last record whose effect is included; replay continues with the record after it. */
    public long coveredSequence() {
        return coveredSequence;
    }

    /** The latest time of all included records, in nanoseconds since 1970; 0 if there is none. */
    public long newestNanos() {
        return newestNanos;
    }

    /** The latest time of all included records; empty if there is none. */
    public Optional<Instant> newestTime() {
        return EpochNanos.known(newestNanos);
    }

    /** The orders, oldest first. */
    public List<OrderState> orders() {
        return orders;
    }

    /**
     * Writes the snapshot, order by order. Returns when all bytes have been written to the stream. Forcing them to disk is
     * up to the caller.
     *
     * @return CRC32C of all bytes before the closing checksum, for the {@link Checkpoint} record in the log
     * @throws IOException from the stream, which then contains an incomplete snapshot
     */
    public int writeTo(OutputStream stream) throws IOException {
        return SnapshotFormat.write(this, stream);
    }

    /**
     * Reads a snapshot that {@link #writeTo} wrote, and stops after its last byte. Corrupt input never allocates more
     * memory than its own size.
     *
     * @param name name of the source, for messages
     * @throws io.veloz.wal.WalCorruptException if a checksum does not match or the end is missing; use an older checkpoint
     * @throws io.veloz.wal.WalVersionException if the input is not a snapshot, or was written by a later version
     * @throws IOException from the stream
     */
    public static OrderSnapshot readFrom(InputStream stream, String name) throws IOException {
        return SnapshotFormat.read(stream, name);
    }
}
