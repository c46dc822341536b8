package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalVersionException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class OrderSnapshotTest {
    private static byte[] bytes(OrderSnapshot snapshot) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        snapshot.writeTo(out);
        return out.toByteArray();
    }

    private static OrderSnapshot read(byte[] bytes) throws IOException {
        return OrderSnapshot.readFrom(new ByteArrayInputStream(bytes), "checkpoint-7");
    }

    private static OrderSnapshot golden() {
        return new OrderSnapshot(7, 70, List.of(OrderCodecTest.restored()));
    }

    @Test
    void snapshotOfVersionOneNeverChanges() throws IOException {
        byte[] expected = HexFormat.of()
                .parseHex(
                        OrderCodecTest.resource("golden/order-snapshot-v1.txt").strip());
        assertThat(bytes(golden())).isEqualTo(expected);
        OrderSnapshot read = read(expected);
        assertThat(read.coveredSequence()).isEqualTo(7);
        assertThat(read.newestNanos()).isEqualTo(70);
        assertThat(read.orders()).isEqualTo(golden().orders());
    }

    @Test
    void goldenSnapshotIsTheTestVectorOfTheFormatPage() throws IOException {
        String document =
                Files.readString(Path.of("").toAbsolutePath().getParent().resolve("docs/format.md"));
        String vector = document.substring(document.indexOf("vector snapshot") + "vector snapshot".length());
        assertThat(HexFormat.of()
                        .parseHex(vector.substring(0, vector.indexOf("```")).replaceAll("\\s", "")))
                .isEqualTo(bytes(golden()));
    }

    @Test
    void digestIsTheChecksumAtTheEnd() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int digest = golden().writeTo(out);
        ByteBuffer bytes = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(digest).isEqualTo(bytes.getInt(bytes.limit() - 4));
        CRC32C crc = new CRC32C();
        crc.update(out.toByteArray(), 0, out.size() - 4);
        assertThat(digest).isEqualTo((int) crc.getValue());
    }

    @Test
    void readingStopsAfterTheLastByte() throws IOException {
        ByteArrayOutputStream two = new ByteArrayOutputStream();
        golden().writeTo(two);
        golden().writeTo(two);
        InputStream stream = new ByteArrayInputStream(two.toByteArray());
        OrderSnapshot.readFrom(stream, "first");
        assertThat(OrderSnapshot.readFrom(stream, "second").orders()).isEqualTo(golden().orders());
        assertThat(stream.read()).isEqualTo(-1);
    }

    @Test
    void everyChangedByteIsRejected() throws IOException {
        byte[] bytes = bytes(golden());
        for (int at = 0; at < bytes.length; at++) {
            byte[] changed = bytes.clone();
            changed[at] ^= 0x10;
            Class<?> expected = at < 4 ? WalVersionException.class : WalCorruptException.class;
            assertThatThrownBy(() -> read(changed)).as("byte %d", at).isInstanceOf(expected);
        }
    }

    @Test
    void everyShorterLengthIsRejected() throws IOException {
        byte[] bytes = bytes(golden());
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> read(cut))
                    .as("length %d", length)
                    .isInstanceOf(WalCorruptException.class)
                    .hasMessageContaining("checkpoint-7")
                    .hasMessageContaining("ends after");
        }
    }

    @Test
    void hugeLengthAllocatesNoMoreThanTheInput() throws IOException {
        byte[] bytes = bytes(golden());
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(36, Integer.MAX_VALUE);
        assertThatThrownBy(() -> read(bytes)).isInstanceOf(WalCorruptException.class);
    }

    @Test
    void laterVersionIsNotReportedAsCorruption() throws IOException {
        byte[] bytes = bytes(golden());
        ByteBuffer header =
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4, 2);
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, 32);
        header.putInt(32, (int) crc.getValue());
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOf(WalVersionException.class)
                .hasMessage("checkpoint-7: snapshot version: got 2, expected 1");
    }

    @Test
    void longOrdersAreRestored() throws IOException {
        OrderState order = OrderState.builder("A").reason("x".repeat(300_000)).build();
        assertThat(read(bytes(new OrderSnapshot(1, 1, List.of(order)))).orders())
                .containsExactly(order);
    }

    @Test
    void ordersThatEndedBeforeATimeAreDropped() {
        OrderStore store = new OrderStore();
        long second = 1_000_000_000L;
        store.apply(1, 0, OrderNew.market("OLD", "S", Side.BUY, 1));
        store.apply(2, 10 * second, new OrderCancel("OLD", "", 0));
        store.apply(3, 0, OrderNew.market("LIVE", "S", Side.BUY, 1));
        store.apply(4, 90 * second, new OrderCancel("RECENT", "", 0));
        store.apply(5, 100 * second, OrderNew.market("NEWEST", "S", Side.BUY, 1));

        assertThat(store.snapshotWithoutEnded(10 * second, 10).orders()).hasSize(4);
        assertThat(store.snapshotWithoutEnded(70 * second, 10).orders())
                .extracting(OrderState::clientOrderId)
                .containsExactly("LIVE", "RECENT", "NEWEST");
        assertThat(store.orders()).hasSize(3);
        assertThat(store.terminalCount()).isEqualTo(1);
        assertThat(store.pendingCount()).isEqualTo(2);
    }

    @Test
    void leastRecentlyChangedEndedOrdersBeyondTheLimitAreDropped() {
        OrderStore store = new OrderStore();
        for (String id : List.of("A", "B", "C", "LIVE")) {
            store.apply(store.appliedSequence() + 1, 1, OrderNew.market(id, "S", Side.BUY, 1));
        }
        for (String id : List.of("B", "C", "A")) {
            store.apply(store.appliedSequence() + 1, 1, new OrderCancel(id, "", 0));
        }
        assertThat(store.snapshotWithoutEnded(Long.MIN_VALUE, 2).orders())
                .extracting(OrderState::clientOrderId)
                .containsExactly("A", "C", "LIVE");
        assertThat(store.get("B")).isEmpty();
    }

    @Test
    void snapshotDoesNotSeeLaterEvents() {
        OrderStore store = new OrderStore();
        store.apply(1, 1, OrderNew.market("A", "S", Side.BUY, 1));
        OrderSnapshot snapshot = store.snapshot();
        store.apply(2, 2, new OrderCancel("A", "", 0));
        assertThat(snapshot.orders().get(0).status()).isEmpty();
        assertThat(snapshot.coveredSequence()).isEqualTo(1);
    }
}
