package io.veloz.wal.archive.internal.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.EncryptingStream;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.ObjectHead;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.TestKeys;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Chunks of an encrypted object are fetched and decrypted alone. */
class EncryptedRangesTest {
    private static final String KEY = "segments/orders_0001.e0000000001.lz4";
    private static final int MEBIBYTE = 1024 * 1024;

    private final HeapStore store = new HeapStore().with(new TestKeys("k1"));

    private StoredFile put(byte[] frame) throws IOException {
        DataKey key = Objects.requireNonNull(new DataKeys(store.encryptionKeys()).next());
        byte[] head = ObjectHead.encode(KEY, key.encryption());
        ByteArrayOutputStream object = new ByteArrayOutputStream();
        object.writeBytes(head);
        new EncryptingStream(new ByteArrayInputStream(frame), key, head, (number, tag) -> {}).transferTo(object);
        byte[] bytes = object.toByteArray();
        store.putIfAbsent(KEY, ObjectContent.of(bytes));
        return new StoredFile(KEY, bytes.length, Digest.of(bytes), 1, Digest.NONE, key.encryption());
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private StoredBytes open(StoredFile object, int rangeBytes, Fetcher fetcher) {
        var source = new StoredBytes.Source(store, new Retries(attempt -> {}), fetcher, rangeBytes);
        return new StoredBytes(source, object.frames().get(0), true, () -> {});
    }

    @ParameterizedTest
    @CsvSource({
        "1, 8388608",
        "1048575, 8388608",
        "1048576, 8388608",
        "1048577, 8388608",
        "1048577, 100000",
        "2097152, 1048576",
        "3670016, 700000",
        "3670016, 1048576",
        "3670016, 1048577",
        "3670016, 3000000"
    })
    void rangesJoinToTheFrame(int length, int rangeBytes) throws IOException {
        byte[] frame = random(length);
        StoredFile object = put(frame);
        try (Fetcher fetcher = new Fetcher(8 * MEBIBYTE)) {
            StoredBytes stored = open(object, rangeBytes, fetcher);
            assertThat(stored.length()).isEqualTo(length);
            assertThat(stored.readAllBytes()).isEqualTo(frame);
            Random random = new Random(1);
            for (int i = 0; i < 20; i++) {
                int from = random.nextInt(length);
                stored.seek(from);
                byte[] some = stored.readNBytes(1 + random.nextInt(5000));
                assertThat(some).isEqualTo(Arrays.copyOfRange(frame, from, from + some.length));
            }
        }
    }

    @Test
    void changedChunkIsDetectedWithoutTheOthers() throws IOException {
        StoredFile object = put(random(3 * MEBIBYTE + 5));
        byte[] bad = Objects.requireNonNull(store.objects().get(KEY));
        bad[2 * MEBIBYTE] ^= 1;
        store.damage(KEY, bad);
        try (Fetcher fetcher = new Fetcher(0)) {
            StoredBytes stored = open(object, MEBIBYTE, fetcher);
            assertThat(stored.readNBytes(MEBIBYTE)).hasSize(MEBIBYTE);
            assertThatThrownBy(stored::read)
                    .isInstanceOf(BadObjectException.class)
                    .hasMessageContaining("chunk 1 was not encrypted by this key, or was changed");
        }
    }
}
