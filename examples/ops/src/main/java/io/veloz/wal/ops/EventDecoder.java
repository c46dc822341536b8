package io.veloz.wal.ops;

import io.veloz.wal.WalVersionException;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Order events from records that may hold something else. It belongs to one thread. */
final class EventDecoder {
    private final OrderCodec codec = new OrderCodec();

    static boolean isOrderType(int type) {
        return OrderCodec.isOrderType(type);
    }

    /** The event, or null if the record holds none, for those who can show the bytes instead. */
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
