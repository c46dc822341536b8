package io.veloz.wal.ops;

import io.veloz.wal.WalVersionException;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Decodes order events from records of any type. Not thread-safe. */
final class EventDecoder {
    private final OrderCodec codec = new OrderCodec();

    static boolean isOrderType(int type) {
        return OrderCodec.isOrderType(type);
    }

    /** Returns the event, or null if the record does not contain a valid one. */
    @Nullable
    OrderEvent decodeOrNull(int type, ByteBuffer payload) {
        if (!isOrderType(type)) {
            return null;
        }
        try {
            return codec.decode(type, payload);
        } catch (WalVersionException e) {
            return null;
        }
    }

    OrderEvent decode(int type, ByteBuffer payload) {
        return codec.decode(type, payload);
    }
}
