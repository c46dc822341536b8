package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.crypt.Encryption;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The head of an encrypted object, a skippable frame before the encrypted content. It repeats what the slot states, so that
 * content can be read when the slot is lost. It is authenticated with each chunk, so no object is taken for another one.
 *
 * <pre>
 * skippable frame: magic 0x184D2A50 4 · length 4 · {"key": the object, "encryption": {"key": id, "wrapped": data key}}
 * </pre>
 */
public final class ObjectHead {
    private static final int MAGIC = 0x184D2A50;
    private static final int FRAME_BYTES = 8;
    private static final int MAX_BYTES = 4096;

    private ObjectHead() {}

    /** Returns the head of an object. Equal arguments give equal bytes. */
    public static byte[] encode(String key, Encryption encryption) {
        byte[] json = Json.create()
                .put("key", key)
                .put("encryption", SlotHead.encode(encryption))
                .encode();
        return ByteBuffer.allocate(FRAME_BYTES + json.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MAGIC)
                .putInt(json.length)
                .put(json)
                .array();
    }

    /**
     * Reads the head from the beginning of an object, and compares it with the expected one.
     *
     * @throws BadObjectException if it is another one
     */
    public static void check(String where, InputStream in, byte[] expected) throws IOException {
        if (!Arrays.equals(in.readNBytes(expected.length), expected)) {
            throw new BadObjectException(
                    where + " does not begin with the head of the encryption that its slot states");
        }
    }

    /**
     * Returns the encryption of an object whose slot is lost, and what was read for it; no encryption if the object is in the
     * clear.
     *
     * @param key of the object
     * @throws BadObjectException if the head is of another object
     */
    public static Found read(String where, String key, InputStream in) throws IOException {
        byte[] frame = in.readNBytes(FRAME_BYTES);
        ByteBuffer fields = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        if (frame.length < FRAME_BYTES || fields.getInt(0) != MAGIC) {
            return new Found(null, frame);
        }
        int length = fields.getInt(4);
        byte[] json = length < 0 || length > MAX_BYTES ? new byte[0] : in.readNBytes(length);
        Json head = Json.decode(where, json);
        Encryption encryption = SlotHead.encryption(head);
        byte[] read = ByteBuffer.allocate(frame.length + json.length)
                .put(frame)
                .put(json)
                .array();
        if (encryption == null || !Arrays.equals(read, encode(key, encryption))) {
            throw new BadObjectException(where + ": its head is of the object " + Text.printable(head.string("key")));
        }
        return new Found(encryption, read);
    }

    /** What {@link #read} found. */
    public static final class Found {
        private final @Nullable Encryption encryption;
        private final byte[] read;

        private Found(@Nullable Encryption encryption, byte[] read) {
            this.encryption = encryption;
            this.read = read;
        }

        public @Nullable Encryption encryption() {
            return encryption;
        }

        /** Returns the bytes that were read, which are the whole head if there is an encryption. */
        public byte[] read() {
            return read;
        }
    }
}
