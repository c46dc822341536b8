package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.DataKey;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.DecryptingStream;
import io.veloz.wal.archive.internal.crypt.EncryptingStream;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Encodes slots as LZ4 frames, so that {@code lz4 -d} extracts the bytes of a segment from a tail.
 *
 * <pre>
 * skippable frame: magic 0x184D2A50 4 · length 4 · the head, JSON in UTF-8
 * frame:           the content of a tail or a SUMMARY; any other slot has none
 *                  encrypted content: skippable frame: magic 0x184D2A52 4 · length 4 · the same frame, encrypted in chunks
 * skippable frame: magic 0x184D2A51 4 · length 4 (32) · SHA-256 of all bytes before this frame
 * </pre>
 */
public final class SlotCodec {
    /** The maximum length of the content of a slot, uncompressed. */
    public static final int MAX_CONTENT_BYTES = 64 * 1024 * 1024 + 64 * 1024;

    private static final int HEAD_MAGIC = 0x184D2A50;
    static final int DIGEST_MAGIC = 0x184D2A51;
    private static final int ENCRYPTED_MAGIC = 0x184D2A52;
    private static final int MAX_HEAD_BYTES = 64 * 1024;

    /** A head, content that does not compress, the lengths of its blocks, and the tags of its chunks. */
    private static final int MAX_SLOT_BYTES = MAX_CONTENT_BYTES + MAX_HEAD_BYTES + 64 * 1024;

    private static final int CHUNK_BYTES = 16 * 1024;
    private static final byte[] NO_CONTENT = new byte[0];
    private static final int FRAME_HEAD_BYTES = 8;
    static final int DIGEST_BYTES = 32;
    static final int TRAILER_BYTES = FRAME_HEAD_BYTES + DIGEST_BYTES;

    private SlotCodec() {}

    /** A slot that was read, with its content and digest. Immutable. */
    public static final class Decoded {
        private final Slot slot;
        private final byte[] content;
        private final String sha256;
        private final @Nullable MissingKeyException locked;

        private Decoded(Slot slot, byte[] content, String sha256, @Nullable MissingKeyException locked) {
            this.slot = slot;
            this.content = content;
            this.sha256 = sha256;
            this.locked = locked;
        }

        public Slot slot() {
            return slot;
        }

        /**
         * Returns the content of a tail or a SUMMARY, not a copy; empty for any other slot.
         *
         * @throws MissingKeyException if it is encrypted, and the key is not configured
         */
        public byte[] content() throws MissingKeyException {
            checkUnlocked();
            return content;
        }

        /** Checks that the content could be read. The head is known without the key. */
        public void checkUnlocked() throws MissingKeyException {
            if (locked != null) {
                throw locked;
            }
        }

        /** Returns the digest of the whole object. */
        public String sha256() {
            return sha256;
        }
    }

    /** Encodes a slot without content. */
    public static byte[] encode(Slot slot) {
        return encode(slot, new byte[0]);
    }

    /**
     * Encodes a slot with its content. Equal slots give equal bytes.
     *
     * @param content of a tail or a SUMMARY; empty for any other slot
     */
    public static byte[] encode(Slot slot, byte[] content) {
        return encode(slot, content, null);
    }

    /**
     * Encodes a tail, and encrypts its content. A data key is used once: equal slots do not give equal bytes.
     *
     * @param key whose encryption the tail states; null to encrypt nothing
     */
    public static byte[] encode(Slot slot, byte[] content, @Nullable DataKey key) {
        byte[] head = SlotHead.encode(slot);
        byte[] frame = content.length == 0 ? content : Lz4Frames.compress(content);
        frame = key == null ? frame : encrypted(frame, key, head);
        ByteBuffer out = ByteBuffer.allocate(FRAME_HEAD_BYTES + head.length + frame.length + TRAILER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(HEAD_MAGIC).putInt(head.length).put(head).put(frame);
        MessageDigest digest = Digest.sha256();
        digest.update(out.array(), 0, out.position());
        out.putInt(DIGEST_MAGIC).putInt(DIGEST_BYTES).put(digest.digest());
        return out.array();
    }

    private static byte[] encrypted(byte[] frame, DataKey key, byte[] head) {
        int length = (int) DataKey.encryptedBytes(frame.length);
        ByteBuffer out = ByteBuffer.allocate(FRAME_HEAD_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(ENCRYPTED_MAGIC).putInt(length);
        try (InputStream in = new EncryptingStream(new ByteArrayInputStream(frame), key, head, (number, tag) -> {})) {
            out.put(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("encrypting in memory", e);
        }
        return out.array();
    }

    /**
     * Decodes a slot, and checks it as far as possible without its neighbours.
     *
     * @param where the name of the object in messages
     * @param number the expected number of the slot
     * @throws BadObjectException if it is damaged
     * @throws UnknownArchiveFormatException if a newer version wrote it
     */
    public static Decoded decode(String where, long number, byte[] bytes) throws BadObjectException {
        try {
            return read(where, number, new ByteArrayInputStream(bytes));
        } catch (BadObjectException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory", e);
        }
    }

    /** Does the same from a stream, without keys. */
    public static Decoded read(String where, long number, InputStream in) throws IOException {
        return read(where, number, in, DataKeys.none());
    }

    /**
     * Does the same from a stream. Encrypted content is decrypted.
     *
     * @throws IOException if reading the stream fails
     */
    public static Decoded read(String where, long number, InputStream in, DataKeys keys) throws IOException {
        Buffered buffered = new Buffered();
        Decoded decoded = read(where, number, in, keys, buffered);
        return new Decoded(decoded.slot, buffered.content(), decoded.sha256, decoded.locked);
    }

    /** Receives the content of a slot in chunks, before it has been checked. */
    @FunctionalInterface
    public interface Content {
        void write(byte[] bytes, int length) throws IOException;
    }

    /**
     * Does the same, and passes on the content instead of keeping it. Memory is bounded by a head and a block, whatever length
     * a slot states. The content is checked only when this method returns. Content whose key is not configured is not passed
     * on, and only the digest of the whole slot is checked: see {@link Decoded#checkUnlocked}.
     *
     * @throws IOException if reading the stream fails, or {@code content} throws it
     */
    public static Decoded read(String where, long number, InputStream in, DataKeys keys, Content content)
            throws IOException {
        SlotStream stream = new SlotStream(in, MAX_SLOT_BYTES);
        BadObjectException bad = null;
        Decoded decoded = null;
        UnknownArchiveFormatException unknown = null;
        try {
            decoded = decode(where, number, stream, keys, content);
        } catch (BadObjectException e) {
            bad = e;
        } catch (UnknownArchiveFormatException e) {
            unknown = e;
        }
        // Order matters: the digest is checked before an exception is
        // reported. A damaged head must not be reported as an unknown format.
        stream.finish(where);
        if (unknown != null) {
            throw unknown;
        } else if (bad != null || decoded == null) {
            throw bad == null ? new BadObjectException(where + ": not decoded") : bad;
        }
        return new Decoded(decoded.slot, NO_CONTENT, stream.sha256(), decoded.locked);
    }

    private static Decoded decode(String where, long number, SlotStream in, DataKeys keys, Content content)
            throws IOException {
        byte[] head = head(where, in);
        Slot slot = SlotHead.decode(where, head);
        MissingKeyException locked = null;
        if (slot.number() != number) {
            throw new BadObjectException(where + ": slot " + slot.number() + "; expected " + number);
        }
        if (slot.part() instanceof Tail tail) {
            long length = tail.endPosition() - tail.position();
            Encryption encryption = tail.encryption();
            if (encryption == null) {
                content(where, length, tail.sha256(), ContentDigest.plain(), in, in, content);
            } else {
                int encryptedBytes = encryptedBytes(where, in);
                try {
                    DataKey key = keys.open(encryption, where);
                    InputStream clear = new DecryptingStream(in, encryptedBytes, key, head);
                    content(where, length, tail.sha256(), key.digest(), in, clear, content);
                } catch (MissingKeyException e) {
                    locked = e;
                    in.discard(where, encryptedBytes);
                }
            }
        } else if (slot.part() instanceof Summary summary) {
            content(where, summary.contentBytes(), summary.contentSha256(), ContentDigest.plain(), in, in, content);
        }
        in.expectTrailer(where);
        return new Decoded(slot, NO_CONTENT, Digest.NONE, locked);
    }

    private static int encryptedBytes(String where, SlotStream in) throws IOException {
        ByteBuffer frame = ByteBuffer.wrap(in.readNBytes(FRAME_HEAD_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        int length = frame.limit() < FRAME_HEAD_BYTES || frame.getInt(0) != ENCRYPTED_MAGIC ? -1 : frame.getInt(4);
        if (length < 0 || DataKey.plainBytes(length) < 0) {
            throw new BadObjectException(where + ": no encrypted content after the head");
        }
        return length;
    }

    private static byte[] head(String where, SlotStream in) throws IOException {
        ByteBuffer frame = ByteBuffer.wrap(in.readNBytes(FRAME_HEAD_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        int headBytes = frame.limit() < FRAME_HEAD_BYTES || frame.getInt(0) != HEAD_MAGIC ? -1 : frame.getInt(4);
        if (headBytes < 0 || headBytes > MAX_HEAD_BYTES) {
            throw new BadObjectException(where + " is not a slot: no head of at most " + MAX_HEAD_BYTES + " bytes");
        }
        byte[] head = in.readNBytes(headBytes);
        if (head.length < headBytes) {
            throw new BadObjectException(where + " ends inside the head");
        }
        return head;
    }

    /** @param clear the frame, which is a part of {@code in} or is decrypted from it */
    private static void content(
            String where,
            long expected,
            String expectedSha256,
            ContentDigest digest,
            SlotStream in,
            InputStream clear,
            Content content)
            throws IOException {
        if (expected < 1 || expected > MAX_CONTENT_BYTES) {
            throw new BadObjectException(
                    where + ": content of " + expected + " bytes; expected 1 to " + MAX_CONTENT_BYTES);
        }
        byte[] chunk = new byte[(int) Math.min(expected, CHUNK_BYTES)];
        long total = 0;
        InputStream frame = new Lz4FrameReader(clear, expected, clear != in);
        for (int got = next(where, in, frame, chunk); got >= 0; got = next(where, in, frame, chunk)) {
            digest.update(chunk, 0, got);
            content.write(chunk, got);
            total += got;
        }
        if (total != expected) {
            throw new BadObjectException(where + ": content of " + total + " bytes; expected " + expected);
        }
        String sha256 = digest.hex();
        if (!sha256.equals(expectedSha256)) {
            throw new BadObjectException(
                    where + ": SHA-256 mismatch of the content: stored " + expectedSha256 + ", computed " + sha256);
        }
    }

    private static int next(String where, SlotStream in, InputStream frame, byte[] chunk) throws IOException {
        try {
            return frame.read(chunk);
        } catch (IOException e) {
            throw in.hasFailed() ? e : new BadObjectException(where + ": invalid LZ4 frame: " + e.getMessage(), e);
        }
    }

    /** Keeps the content in memory. It grows with the bytes that arrive, not to the length that a slot states. */
    private static final class Buffered implements Content {
        private byte[] bytes = NO_CONTENT;
        private int length;

        @Override
        public void write(byte[] more, int count) {
            if (bytes.length - length < count) {
                bytes = Arrays.copyOf(bytes, Math.min(MAX_CONTENT_BYTES, Math.max(2 * bytes.length, length + count)));
            }
            System.arraycopy(more, 0, bytes, length, count);
            length += count;
        }

        byte[] content() {
            return bytes.length == length ? bytes : Arrays.copyOf(bytes, length);
        }
    }
}
