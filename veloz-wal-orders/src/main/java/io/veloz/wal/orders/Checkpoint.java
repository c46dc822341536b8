package io.veloz.wal.orders;

/**
 * The record that marks a written checkpoint: replay may start after {@code coveredSequence}. Immutable. It changes no
 * order.
 *
 * @param coveredSequence the last record whose effect the checkpoint includes
 * @param orderCount number of orders in the checkpoint
 * @param digest CRC32C of the checkpoint's content, as returned by {@link OrderSnapshot#writeTo}
 */
public record Checkpoint(long coveredSequence, long orderCount, int digest) implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if a sequence or a count is negative. */
    public Checkpoint {
        if (coveredSequence < 0) {
            throw new IllegalArgumentException("coveredSequence is " + coveredSequence + ", expected 0 or more");
        }
        if (orderCount < 0) {
            throw new IllegalArgumentException("orderCount is " + orderCount + ", expected 0 or more");
        }
    }

    @Override
    public int recordType() {
        return OrderCodec.CHECKPOINT;
    }
}
