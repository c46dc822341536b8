package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.MemoryStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.XXHashFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hostile objects that state or contain too much: reading stops at the limit for the kind of object. */
@Timeout(60)
class HostileObjectsTest {
    private static final int MEBIBYTE = 1024 * 1024;
    private static final LogIdentity IDENTITY = new LogIdentity("ab".repeat(16), "orders", Instant.EPOCH, 1, 1);

    /** An endless stream that counts the bytes read. */
    private static final class Endless extends InputStream {
        private final byte[] first;
        private final byte[] again;
        long read;

        Endless(byte[] first, byte[] again) {
            this.first = first;
            this.again = again;
        }

        @Override
        public int read() {
            long at = read++;
            return (at < first.length ? first[(int) at] : again[(int) ((at - first.length) % again.length)]) & 0xFF;
        }
    }

    private static byte[] frameHeader(int flags, int sizes, long contentSize) {
        ByteBuffer out = ByteBuffer.allocate(15).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x184D2204).put((byte) flags).put((byte) sizes);
        if ((flags & 8) != 0) {
            out.putLong(contentSize);
        }
        int length = out.position() - 4;
        int hash = XXHashFactory.safeInstance().hash32().hash(out.array(), 4, length, 0);
        out.put((byte) (hash >>> 8));
        return Arrays.copyOf(out.array(), out.position());
    }

    /** Returns a compressed block of 1 MiB of zeros, which has about 4 KiB. */
    private static byte[] zeros() {
        byte[] block = LZ4Factory.safeInstance().fastCompressor().compress(new byte[MEBIBYTE]);
        return ByteBuffer.allocate(4 + block.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(block.length)
                .put(block)
                .array();
    }

    private static IOException failure(byte[] frame, long limit) {
        return (IOException) catchThrowable(() -> {
            try (InputStream in = Lz4Frames.decompress(new ByteArrayInputStream(frame), limit)) {
                in.readAllBytes();
            }
        });
    }

    @Test
    void frameStopsAtTheDeclaredSize() {
        Endless source = new Endless(frameHeader(0x60, 0x60, 0), zeros());
        assertThatThrownBy(() -> {
                    try (InputStream in = Lz4Frames.decompress(source, 1424)) {
                        in.readNBytes(Integer.MAX_VALUE);
                    }
                })
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1424 bytes declared");
        assertThat(source.read).isLessThan(10_000);
    }

    @Test
    void contentSizeIsComparedFirst() {
        assertThat(failure(frameHeader(0x68, 0x40, 2L << 30), 1424))
                .hasMessage("content size 2147483648; expected 1424");
    }

    @Test
    void emptyBlockIsRefused() {
        byte[] frame = Arrays.copyOf(frameHeader(0x60, 0x40, 0), 100);
        frame[7] = 1;
        assertThat(failure(frame, 10)).hasMessageContaining("a block");
    }

    @ParameterizedTest
    @ValueSource(ints = {0x40, 0x61, 0x62, 0x20, 0xA0})
    void unsupportedFramesAreRefused(int flags) {
        assertThat(failure(frameHeader(flags, 0x40, 0), 10)).isNotNull();
    }

    @Test
    void blocksOfFourMebibytesAreRefused() {
        assertThat(failure(frameHeader(0x60, 0x70, 0), 10)).hasMessageContaining("block size code 7");
    }

    @Test
    void secondFrameIsRefused() throws IOException {
        ByteArrayOutputStream two = new ByteArrayOutputStream();
        two.write(Lz4Frames.compress(new byte[10]));
        two.write(Lz4Frames.compress(new byte[10]));
        assertThat(failure(two.toByteArray(), 10)).hasMessage("bytes after the frame");
    }

    @Test
    void frameRoundTrips() throws IOException {
        byte[] bytes = new byte[300_000];
        new java.util.Random(1).nextBytes(bytes);
        Arrays.fill(bytes, 100_000, 200_000, (byte) 7);
        try (InputStream in = Lz4Frames.decompress(new ByteArrayInputStream(Lz4Frames.compress(bytes)), bytes.length)) {
            assertThat(in.readAllBytes()).isEqualTo(bytes);
        }
    }

    @Test
    void tailLongerThanItStatesIsRefusedAtThatSize() {
        byte[] honest = new byte[100];
        Slot slot = new Slot(
                IDENTITY.logId(),
                IDENTITY.origin(),
                2,
                1,
                "cd".repeat(16),
                "host",
                Instant.EPOCH,
                Digest.NONE,
                SlotRef.NONE,
                new Archived(1, 100, 1),
                new Tail(1, 0, 100, 1, 1, Digest.of(honest)));
        byte[] bytes = SlotCodec.encode(slot, new byte[32 * MEBIBYTE]);
        long[] got = new long[1];
        assertThatThrownBy(() -> SlotCodec.read(
                        "ship/2",
                        2,
                        new ByteArrayInputStream(bytes),
                        DataKeys.none(),
                        (content, length) -> got[0] += length))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("the 100 bytes declared");
        assertThat(got[0]).isZero();
    }

    @Test
    void endlessSlotIsRefused() {
        byte[] head = "{\"format\":1}".getBytes(StandardCharsets.UTF_8);
        ByteBuffer start = ByteBuffer.allocate(8 + head.length).order(ByteOrder.LITTLE_ENDIAN);
        start.putInt(0x184D2A50).putInt(head.length).put(head);
        Endless source = new Endless(start.array(), new byte[1024]);
        assertThatThrownBy(() -> SlotCodec.read("ship/1", 1, new java.io.BufferedInputStream(source, 1 << 16)))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("more than");
        assertThat(source.read).isLessThan(70L * MEBIBYTE);
    }

    @Test
    void endlessLogJsonIsRefused() {
        Endless source = new Endless(new byte[0], new byte[] {' '});
        ShipLog log = new ShipLog(new MemoryStore() {
            @Override
            public InputStream get(String key) {
                return source;
            }
        });
        assertThatThrownBy(log::logJson).isInstanceOf(BadObjectException.class).hasMessageContaining("more than 4096");
        assertThat(source.read).isLessThan(10_000);
    }

    @Test
    void duplicateFieldIsRefused() {
        byte[] twice = IDENTITY.text()
                .replace("\"prefix\":\"orders\"", "\"prefix\":\"orders\",\"prefix\":\"trades\"")
                .getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> LogIdentity.decode("log.json", twice)).isInstanceOf(BadObjectException.class);
    }

    @Test
    void prefixThatIsNotAFileNameIsRefused() {
        byte[] bytes = IDENTITY.text().replace("orders", "../orders").getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> LogIdentity.decode("log.json", bytes))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("prefix \"../orders\"");
    }

    @Test
    void fieldsOfALaterVersionAreIgnored() throws IOException {
        byte[] bytes = IDENTITY.text()
                .replace("{\"format\":1", "{\"format\":1,\"a\":[1,{\"b\":[]}],\"c\":1e99,\"d\":99999999999999999999")
                .getBytes(StandardCharsets.UTF_8);
        assertThat(LogIdentity.decode("log.json", bytes).logId()).isEqualTo(IDENTITY.logId());
    }

    @Test
    void controlCharactersInTheHostAreEscaped() throws IOException {
        String host = "a\u001b[2K\r\nship is fine\u202e\u0007";
        Slot slot = new Slot(
                IDENTITY.logId(),
                "",
                1,
                1,
                "cd".repeat(16),
                host,
                Instant.EPOCH,
                Digest.NONE,
                SlotRef.NONE,
                Archived.NOTHING,
                new Slot.Epoch(""));
        assertThat(SlotCodec.decode("ship/1", 1, SlotCodec.encode(slot)).slot().host())
                .isEqualTo("a\\u001b[2K\\u000d\\u000aship is fine\\u202e\\u0007");
    }

    @Test
    void keyWithDotDotIsRefused() {
        Slot slot = new Slot(
                IDENTITY.logId(),
                "",
                1,
                1,
                "cd".repeat(16),
                "host",
                Instant.EPOCH,
                Digest.NONE,
                SlotRef.NONE,
                Archived.NOTHING,
                new Slot.Attachment(
                        "checkpoint", 1, new StoredFile("attachments/../log.json", 1, Digest.NONE, 1, Digest.NONE)));
        assertThatThrownBy(() -> SlotCodec.decode("ship/1", 1, SlotCodec.encode(slot)))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("attachments/../log.json");
    }
}
