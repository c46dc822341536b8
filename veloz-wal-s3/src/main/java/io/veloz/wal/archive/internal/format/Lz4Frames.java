package io.veloz.wal.archive.internal.format;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.Objects;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import net.jpountz.xxhash.XXHashFactory;

/**
 * LZ4 frames, as the {@code lz4} tool reads and writes them: independent blocks, with a checksum over the content. Pure
 * Java, so the same input gives the same bytes on every machine. Source: the LZ4 frame format description, 1.6.
 */
public final class Lz4Frames {
    private static final LZ4Factory LZ4 = LZ4Factory.safeInstance();
    private static final XXHashFactory XXHASH = XXHashFactory.safeInstance();

    private static final int CHUNK_BYTES = 16 * 1024;

    private Lz4Frames() {}

    /** Bytes written to it come out of {@code target} as one frame, complete when it is closed; that closes the target. */
    public static OutputStream compress(OutputStream target, boolean largeBlocks) throws IOException {
        return new LZ4FrameOutputStream(
                target,
                largeBlocks ? BLOCKSIZE.SIZE_1MB : BLOCKSIZE.SIZE_64KB,
                -1,
                LZ4.fastCompressor(),
                XXHASH.hash32(),
                FLG.Bits.BLOCK_INDEPENDENCE,
                FLG.Bits.CONTENT_CHECKSUM);
    }

    /** Bytes in memory as one frame. */
    public static byte[] compress(byte[] bytes) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream(bytes.length / 2 + 64);
        try (OutputStream out = compress(frame, false)) {
            out.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("compressing in memory", e);
        }
        return frame.toByteArray();
    }

    /** The content of the frames in a stream, checked as it is read. Close it; that closes the source. */
    public static InputStream decompress(InputStream source) throws IOException {
        return new LZ4FrameInputStream(source, LZ4.safeDecompressor(), XXHASH.hash32());
    }

    /**
     * The content of frames in memory, which must be of exactly that length.
     *
     * @param where what messages call it
     */
    public static byte[] decompress(String where, byte[] frames, int from, int length, int expected)
            throws BadObjectException {
        byte[] content = new byte[expected];
        try (InputStream in = decompress(new ByteArrayInputStream(frames, from, length))) {
            int got = in.readNBytes(content, 0, expected);
            if (got < expected || in.read() >= 0) {
                throw new BadObjectException(where + ": content is not " + expected + " bytes long");
            }
            return content;
        } catch (BadObjectException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new BadObjectException(
                    where + ": no whole LZ4 frame: " + Objects.requireNonNullElse(e.getMessage(), e.toString()), e);
        }
    }

    /** The SHA-256 of the content of frames in memory, which must be of exactly that length; little of it at a time. */
    static String digest(String where, byte[] frames, int from, int length, long expected) throws BadObjectException {
        MessageDigest digest = Digest.sha256();
        byte[] chunk = new byte[CHUNK_BYTES];
        long total = 0;
        try (InputStream in = decompress(new ByteArrayInputStream(frames, from, length))) {
            for (int got = in.read(chunk); got >= 0; got = in.read(chunk)) {
                digest.update(chunk, 0, got);
                total += got;
            }
        } catch (IOException | RuntimeException e) {
            throw new BadObjectException(
                    where + ": no whole LZ4 frame: " + Objects.requireNonNullElse(e.getMessage(), e.toString()), e);
        }
        if (total != expected) {
            throw new BadObjectException(where + ": content is " + total + " bytes long; expected " + expected);
        }
        return Digest.hex(digest);
    }
}
