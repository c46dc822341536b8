package io.veloz.wal.orders;

import io.veloz.wal.RecordGroup;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A pool of codecs. A codec is used by one thread at a time, and the number of threads may be much larger than the number
 * of codecs worth keeping. Thread-safe; no method blocks.
 */
final class EncoderPool {
    private static final int SLOTS = 64;

    private final AtomicReferenceArray<@Nullable Encoder> slots = new AtomicReferenceArray<>(SLOTS);

    /** Encodes one event at a time as a group of one record. */
    static final class Encoder {
        private final OrderCodec codec = new OrderCodec();
        private final RecordGroup group = new RecordGroup();

        /** Valid until the next call. */
        RecordGroup encode(OrderEvent event, long nanos) {
            group.clear();
            return group.add(event.recordType(), nanos, codec.encode(event));
        }
    }

    Encoder acquire() {
        @Nullable Encoder encoder = slots.getAndSet(slot(), null);
        return encoder != null ? encoder : new Encoder();
    }

    void release(Encoder encoder) {
        slots.set(slot(), encoder);
    }

    private static int slot() {
        return (int) (Thread.currentThread().getId() & (SLOTS - 1));
    }
}
