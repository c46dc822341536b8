package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalVersionException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class OrderCodecPropertyTest {
    private final OrderCodec codec = new OrderCodec();

    private byte[] encoded(OrderEvent event) {
        ByteBuffer payload = codec.encode(event);
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    @Property(tries = 2000)
    void everyEventIsDecodedBitByBit(@ForAll long seed) {
        OrderEvent event = new AnyOrders(seed).event();
        byte[] bytes = encoded(event);
        OrderEvent decoded = codec.decode(event.recordType(), ByteBuffer.wrap(bytes));
        assertThat(decoded).isEqualTo(event);
        assertThat(encoded(decoded)).isEqualTo(bytes);
    }

    @Property(tries = 2000)
    void changedPayloadIsDecodedOrRejected(
            @ForAll long seed, @ForAll @IntRange(max = 200) int at, @ForAll byte value, @ForAll boolean cut) {
        OrderEvent event = new AnyOrders(seed).event();
        byte[] bytes = encoded(event);
        bytes[at % bytes.length] = value;
        ByteBuffer payload = ByteBuffer.wrap(bytes, 0, cut ? at % bytes.length : bytes.length);
        for (int type = 0; type <= 7; type++) {
            try {
                assertThat(codec.decode(type, payload).recordType()).isEqualTo(type);
            } catch (WalVersionException e) {
                assertThat(e).hasMessageContaining("expected");
            }
        }
    }

    @Property(tries = 100)
    void sameEventsGiveTheSameStore(@ForAll long seed) {
        assertThat(store(seed, 200).orders()).isEqualTo(store(seed, 200).orders());
        OrderStore store = store(seed, 200);
        assertThat(store.pendingCount() + store.terminalCount()).isEqualTo(store.count());
        assertThat(store.orders().stream().filter(OrderState::terminal)).hasSize(store.terminalCount());
    }

    @Property(tries = 100)
    void storeContinuedFromASnapshotEqualsOneThatNeverStopped(@ForAll long seed, @ForAll @IntRange(max = 200) int cut)
            throws IOException {
        AnyOrders events = new AnyOrders(seed);
        OrderStore whole = new OrderStore();
        OrderStore first = new OrderStore();
        apply(events, cut, whole, first);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        first.snapshot().writeTo(bytes);
        OrderSnapshot read = OrderSnapshot.readFrom(new ByteArrayInputStream(bytes.toByteArray()), "test");
        OrderStore second = OrderStore.builder().buildFrom(read);
        assertThat(second.appliedSequence()).isEqualTo(whole.appliedSequence());
        apply(events, 200 - cut, whole, second);
        assertThat(second.orders()).isEqualTo(whole.orders());
    }

    private static OrderStore store(long seed, int count) {
        OrderStore store = new OrderStore();
        apply(new AnyOrders(seed), count, store);
        return store;
    }

    private static void apply(AnyOrders events, int count, OrderStore... stores) {
        for (int i = 0; i < count; i++) {
            OrderEvent event = events.event();
            for (OrderStore store : stores) {
                store.apply(store.appliedSequence() + 1, i, event);
            }
        }
    }

    @Property(tries = 300)
    void changedSnapshotIsRejected(@ForAll long seed, @ForAll @IntRange(max = 1 << 20) int place, @ForAll byte value)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        store(seed, 20).snapshot().writeTo(out);
        byte[] bytes = out.toByteArray();
        int at = place % bytes.length;
        boolean same = bytes[at] == value;
        bytes[at] = value;
        try {
            OrderSnapshot.readFrom(new ByteArrayInputStream(bytes), "test");
            assertThat(same).as("byte %d", at).isTrue();
        } catch (WalCorruptException e) {
            assertThat(same).isFalse();
        } catch (WalVersionException e) {
            assertThat(at).as("magic").isLessThan(4);
        }
    }
}
