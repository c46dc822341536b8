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
 * LZ4 frames, as the {@code lz4} tool reads and writes them: independent blocks, with a checksum over the content. Pure
 * Java, so the same input gives the same bytes on every machine. Source: the LZ4 frame format description, 1.6.
 */
public final class Lz4Frames {
    private static final LZ4Factory LZ4 = LZ4Factory.safeInstance();
    private static final XXHashFactory XXHASH = XXHashFactory.safeInstance();

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

    /** The content of the one frame in a stream, checked as it is read. Close it; that closes the source. */
    public static InputStream decompress(InputStream source) {
        return decompress(source, Long.MAX_VALUE);
    }

    /** The same, of at most that many bytes: more are an {@link IOException} before they take memory. */
    public static InputStream decompress(InputStream source, long limit) {
        return new Lz4FrameReader(source, limit, true);
    }
}
