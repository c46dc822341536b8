package io.veloz.wal.orders;

import io.veloz.wal.RecordGroup;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Codecs to be borrowed and used again: a codec is for one thread at a time, and there may be more threads than it would
 * be good to have codecs. Any thread may borrow; nobody waits.
 */
final class Encoders {
    private static final int SLOTS = 64;

    private final AtomicReferenceArray<@Nullable Encoder> slots = new AtomicReferenceArray<>(SLOTS);

    /** One event at a time, as a group of one record with a time of its own. */
    static final class Encoder {
        private final OrderCodec codec = new OrderCodec();
        private final RecordGroup group = new RecordGroup();

        void encode(OrderEvent event, long nanos) {
            group.clear();
            group.add(event.recordType(), nanos, codec.encode(event));
        }

        RecordGroup group() {
            return group;
        }
    }

    Encoder borrow() {
        @Nullable Encoder encoder = slots.getAndSet(slot(), null);
        return encoder != null ? encoder : new Encoder();
    }

    void giveBack(Encoder encoder) {
        slots.set(slot(), encoder);
    }

    private static int slot() {
        return (int) (Thread.currentThread().getId() & (SLOTS - 1));
    }
}
