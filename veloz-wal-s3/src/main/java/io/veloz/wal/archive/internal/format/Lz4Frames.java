package io.veloz.wal.archive.internal.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import net.jpountz.xxhash.XXHashFactory;

/**
 * LZ4 frames with independent blocks and a content checksum, compatible with the {@code lz4} tool. The implementation is pure
 * Java, so equal input gives equal output on every machine. Source: the LZ4 frame format description, 1.6.
 */
public final class Lz4Frames {
    private static final LZ4Factory LZ4 = LZ4Factory.safeInstance();
    private static final XXHashFactory XXHASH = XXHashFactory.safeInstance();

    private Lz4Frames() {}

    /** Returns a stream that compresses into one frame. Closing it completes the frame and closes the target. */
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

    /** Returns bytes as one frame. */
    public static byte[] compress(byte[] bytes) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream(bytes.length / 2 + 64);
        try (OutputStream out = compress(frame, false)) {
            out.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("compressing in memory", e);
        }
        return frame.toByteArray();
    }

    /** Returns the content of the single frame in a stream. It is checked while it is read. Closing it closes the source. */
    public static InputStream decompress(InputStream source) {
        return decompress(source, Long.MAX_VALUE);
    }

    /** Does the same with a maximum length. More content is an {@link IOException} before it is decompressed. */
    public static InputStream decompress(InputStream source, long limit) {
        return decompress(source, limit, true);
    }

    /**
     * Does the same.
     *
     * @param checksContent whether to compare the content with the checksum in the frame; for a caller that compares a digest
     */
    public static InputStream decompress(InputStream source, long limit, boolean checksContent) {
        return new Lz4FrameReader(source, limit, true, checksContent);
    }
}
