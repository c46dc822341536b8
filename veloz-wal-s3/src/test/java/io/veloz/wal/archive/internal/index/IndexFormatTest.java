package io.veloz.wal.archive.internal.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.spi.RecordKeys;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IndexFormatTest {
    private static final String LOG = "000102030405060708090a0b0c0d0e0f";
    private static final DataKeys KEYS = new DataKeys(new TestKeys("k"));

    private record Named(String name) implements RecordKeys {
        @Override
        public void find(int type, ByteBuffer payload, Consumer<byte[]> keys) {}
    }

    private static Part part(long number, String digest, @Nullable Encryption encryption) {
        String key = "segments/orders_000000000000000" + number + ".e0000000001.wal.lz4";
        return new Part(
                number, number * 100, number * 100 + 99, new StoredFile(key, 10, digest, 20, Digest.NONE, encryption));
    }

    private static IndexRange range(boolean encrypted) {
        Encryption encryption = encrypted ? Objects.requireNonNull(KEYS.next()).encryption() : null;
        return IndexRange.of(LOG, "orders", new Named("orders-1"), List.of(part(2, "ab".repeat(32), encryption)));
    }

    private static byte[] bytes(IndexContent content) throws IOException {
        try (InputStream in = content.open()) {
            return in.readAllBytes();
        }
    }

    private static IndexContent content(IndexRange range, IndexEntries entries) throws IOException {
        return IndexContent.of(range, entries, range.keyId() == null ? null : KEYS.next(range.keyId()));
    }

    private static TestEntries entries(int count) {
        List<long[]> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            entries.add(new long[] {i * 1000L, 200 + i % 100});
        }
        return new TestEntries(entries);
    }

    @Test
    void hashIsSipHash24() {
        // The vectors of the reference implementation: the key is 00 to 0f, the input 0, 7, 8 and 15 bytes from 00 on.
        KeyHash hash = new KeyHash(LOG);
        byte[] input = new byte[15];
        for (int i = 0; i < input.length; i++) {
            input[i] = (byte) i;
        }
        assertThat(hash.of(new byte[0])).isEqualTo(0x726fdb47dd0e0e31L);
        assertThat(hash.of(Arrays.copyOf(input, 7))).isEqualTo(0xab0200f58b01d137L);
        assertThat(hash.of(Arrays.copyOf(input, 8))).isEqualTo(0x93f5f5799a932462L);
        assertThat(hash.of(input)).isEqualTo(0xa129ca6149be45e5L);
    }

    @Test
    void tableReturnsTheFirstRecordOfEachKeyInTheOrderOfTheHashes() throws IOException {
        Random random = new Random(1);
        KeyTable table = new KeyTable(1000);
        TreeMap<Long, Long> expected = new TreeMap<>(Long::compareUnsigned);
        for (long sequence = 1000; sequence < 61_000; sequence++) {
            long hash = random.nextInt(3) == 0 && !expected.isEmpty() ? expected.firstKey() : random.nextLong();
            assertThat(table.add(hash, sequence)).isTrue();
            expected.putIfAbsent(hash, sequence);
        }
        expected.putIfAbsent(0L, 61_000L);
        expected.putIfAbsent(-1L, 61_000L);
        assertThat(table.add(0, 61_000) && table.add(-1, 61_000)).isTrue();
        IndexEntries sorted = table.sorted();
        assertThat(sorted.count()).isEqualTo(expected.size());
        IndexEntries.Cursor cursor = sorted.open();
        expected.forEach((hash, sequence) -> {
            try {
                assertThat(cursor.next()).isTrue();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            assertThat(cursor.hash()).isEqualTo(hash);
            assertThat(cursor.sequence()).isEqualTo(sequence);
        });
        assertThat(cursor.next()).isFalse();
    }

    @Test
    void tableIsBounded() {
        KeyTable table = new KeyTable(1, 100);
        for (long key = 1; key <= 100; key++) {
            assertThat(table.add(key << 56, key)).isTrue();
        }
        assertThat(table.add(5L << 56, 101)).as("a known key").isTrue();
        assertThat(table.add(101L << 40, 102)).isFalse();
        assertThat(new KeyTable(1).add(7, 1 + KeyTable.MAX_OFFSET + 1))
                .as("a record that is too far from the first one")
                .isFalse();
    }

    @Test
    void tableRefusesHashesThatAreNotSpread() {
        KeyTable table = new KeyTable(1);
        boolean all = true;
        for (long key = 1; key <= 10_000 && all; key++) {
            all = table.add(key, key);
        }
        assertThat(all).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 335, 336, 337, 340, 341, 680, 1000})
    void lengthStatesTheNumberOfEntries(int count) throws IOException {
        for (boolean encrypted : List.of(false, true)) {
            IndexRange range = range(encrypted);
            IndexContent content = content(range, entries(count));
            assertThat(bytes(content)).hasSize((int) content.length());
            assertThat(Digest.of(bytes(content))).isEqualTo(content.sha256());
            assertThat(new IndexBlocks(range).entriesIn(content.length())).isEqualTo(count);
        }
    }

    @Test
    void otherLengthsAreNoIndex() {
        IndexBlocks plain = new IndexBlocks(range(false));
        assertThat(List.of(0L, 15L, 17L, 4096L + 4, 4096L + 16 + 5))
                .allSatisfy(length -> assertThat(plain.entriesIn(length)).isEqualTo(-1));
        // An empty block after a full one.
        assertThat(plain.entriesIn(4096 + 16)).isEqualTo(-1);
    }

    @Test
    void anyChangedByteOfABlockIsDetected() throws IOException {
        for (boolean encrypted : List.of(false, true)) {
            IndexRange range = range(encrypted);
            byte[] bytes = bytes(content(range, entries(3)));
            assertThat(new IndexBlocks(range)
                            .decode(0, true, bytes, 0, bytes.length, KEYS, "x")
                            .getLong(12))
                    .isEqualTo(1000);
            for (int at = 0; at < bytes.length; at++) {
                byte[] changed = bytes.clone();
                changed[at] ^= 1;
                assertThatThrownBy(() -> new IndexBlocks(range).decode(0, true, changed, 0, changed.length, KEYS, "x"))
                        .isInstanceOf(IOException.class)
                        .hasMessageStartingWith("x");
            }
        }
    }

    @Test
    void blockOfAnotherIndexOrPlaceIsDetected() throws IOException {
        IndexRange range = range(false);
        byte[] bytes = bytes(content(range, entries(700)));
        IndexRange other = IndexRange.of(LOG, "orders", new Named("orders-1"), List.of(part(2, "cd".repeat(32), null)));
        assertThatThrownBy(() -> new IndexBlocks(other).decode(0, false, bytes, 0, 4096, KEYS, "x"))
                .isInstanceOf(BadObjectException.class)
                .hasMessage("x: checksum mismatch in block 0");
        assertThatThrownBy(() -> new IndexBlocks(range).decode(0, false, bytes, 4096, 4096, KEYS, "x"))
                .isInstanceOf(BadObjectException.class);
        assertThatThrownBy(() -> new IndexBlocks(range).decode(1, true, bytes, 4096, 4096, KEYS, "x"))
                .isInstanceOf(BadObjectException.class);
    }

    @Test
    void keyOfTheObjectDependsOnWhatIsIndexed() {
        IndexRange range = range(false);
        assertThat(range.key())
                .matches("index/orders_0000000000000002-0000000000000002\\.[0-9a-f]{16}\\.ids")
                .isEqualTo(range(false).key());
        assertThat(IndexRange.name(range.key())).contains(new IndexRange.Name("orders", 2, 2));
        Part same = part(2, "ab".repeat(32), null);
        assertThat(List.of(
                        IndexRange.of(LOG, "orders", new Named("orders-2"), List.of(same))
                                .key(),
                        IndexRange.of("ff" + LOG.substring(2), "orders", new Named("orders-1"), List.of(same))
                                .key(),
                        IndexRange.of(LOG, "orders", new Named("orders-1"), List.of(part(2, "cd".repeat(32), null)))
                                .key()))
                .doesNotContain(range.key())
                .doesNotHaveDuplicates();
    }

    @Test
    void nameOfTheKeysIsChecked() {
        assertThatThrownBy(() -> IndexRange.of(LOG, "orders", new Named("a\nb"), List.of(part(1, "ab", null))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("RecordKeys.name");
    }

    @Test
    void encryptedIndexContainsNoEntryInTheClear() throws IOException {
        List<long[]> one = List.of(new long[] {0x0123456789abcdefL, 205});
        byte[] bytes = bytes(content(range(true), new TestEntries(one)));
        assertThat(HexFormat.of().formatHex(bytes)).doesNotContain("efcdab8967452301");
    }

    @Test
    void otherEntriesAreNotEncryptedWithTheSameKey() throws IOException {
        List<long[]> changing = new ArrayList<>(List.of(new long[] {1, 205}, new long[] {2, 206}));
        IndexContent content = content(range(true), new TestEntries(changing));
        byte[] before = bytes(content);
        assertThat(bytes(content)).isEqualTo(before);
        changing.set(1, new long[] {3, 206});
        assertThatThrownBy(() -> bytes(content))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("have changed while they were read");
    }
}
