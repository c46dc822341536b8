package io.veloz.wal.orders;

import io.veloz.wal.WalVersionException;
import io.veloz.wal.spi.RecordKeys;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * The keys of order events for the index of an archive: the id of the client and that of the venue. Thread-safe.
 *
 * <p>A record of another type, and an event that cannot be decoded, has no keys.
 */
public final class OrderKeys implements RecordKeys {
    /** Decoding does not use the buffer of a codec, so it is thread-safe. */
    private final OrderCodec codec = new OrderCodec();

    public OrderKeys() {}

    /** Returns the key of an id of the client or of the venue. */
    public static byte[] key(String orderId) {
        return orderId.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String name() {
        return "orders-1";
    }

    @Override
    public void find(int type, ByteBuffer payload, Consumer<byte[]> keys) {
        if (type == OrderCodec.CHECKPOINT || !OrderCodec.isOrderType(type)) {
            return;
        }
        OrderEvent event;
        try {
            event = codec.decode(type, payload);
        } catch (WalVersionException e) {
            // The readers of events skip such a record, too.
            return;
        }
        add(clientOrderId(event), keys);
        add(venueOrderId(event), keys);
    }

    private static void add(String orderId, Consumer<byte[]> keys) {
        if (!orderId.isEmpty()) {
            keys.accept(key(orderId));
        }
    }

    private static String clientOrderId(OrderEvent event) {
        if (event instanceof OrderNew placed) {
            return placed.clientOrderId();
        } else if (event instanceof OrderUpdate update) {
            return update.clientOrderId();
        } else if (event instanceof OrderFill fill) {
            return fill.clientOrderId();
        } else if (event instanceof OrderCancel cancel) {
            return cancel.clientOrderId();
        }
        return event instanceof OrderRestored restored ? restored.state().clientOrderId() : "";
    }

    private static String venueOrderId(OrderEvent event) {
        if (event instanceof OrderUpdate update) {
            return update.venueOrderId();
        }
        return event instanceof OrderRestored restored ? restored.state().venueOrderId() : "";
    }
}
