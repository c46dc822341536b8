package io.veloz.wal.orders;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * All orders at one sequence, and their bytes as a checkpoint. Immutable.
 *
 * <p>The bytes are specified in docs/orders-format.md.
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

    /** The last record whose effect is contained; replay goes on behind it. */
    public long coveredSequence() {
        return coveredSequence;
    }

    /** The latest time of a record whose effect is contained; 0 if there is none. */
    public long newestNanos() {
        return newestNanos;
    }

    /** The orders, the oldest first. */
    public List<OrderState> orders() {
        return orders;
    }

    /**
     * Writes the snapshot, order by order. When it returns, everything was handed to the stream; making it durable is the
     * caller's part.
     *
     * @return CRC32C of all bytes before the closing checksum, for the {@link Checkpoint} that marks it in the log
     * @throws IOException from the stream; what it holds then is no snapshot
     */
    public int writeTo(OutputStream stream) throws IOException {
        return SnapshotFormat.write(this, stream);
    }

    /**
     * Reads what {@link #writeTo} wrote, and stops behind its last byte. Garbage never allocates more than it holds.
     *
     * @param name of the source, for messages
     * @throws io.veloz.wal.WalCorruptException if a checksum is wrong or the end is missing; use an older checkpoint
     * @throws io.veloz.wal.WalVersionException if this is no snapshot, or one of a later version
     * @throws IOException from the stream
     */
    public static OrderSnapshot readFrom(InputStream stream, String name) throws IOException {
        return SnapshotFormat.read(stream, name);
    }
}
