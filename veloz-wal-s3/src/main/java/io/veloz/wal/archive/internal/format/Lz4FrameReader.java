package io.veloz.wal.archive.internal.format;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHashFactory;
import org.jspecify.annotations.Nullable;

/**
 * Reads the content of exactly one LZ4 frame. An instance is confined to one thread.
 *
 * <p>It is stricter than a general reader, because an archive may be hostile: the content ends at the declared size, blocks
 * have at most 1 MiB, which bounds memory, and no block is empty. It never reads past the end of the frame. An invalid frame
 * is reported as a plain {@link IOException}; exceptions of the source are passed through.
 */
final class Lz4FrameReader extends InputStream {
    private final InputStream source;
    private final long limit;
    private final boolean aloneInSource;
    private final @Nullable StreamingXXHash32 contentHash;
    private final Lz4Blocks blocks;
    private @Nullable Lz4FrameHeader header;
    private byte[] block = new byte[0];
    private boolean ended;
    private int position;
    private int available;
    private long total;

    /**
     * @param limit the maximum length of the content
     * @param aloneInSource whether bytes after the frame are an error
     */
    Lz4FrameReader(InputStream source, long limit, boolean aloneInSource) {
        this(source, limit, aloneInSource, true);
    }

    /** @param checksContent whether to compare the content with its checksum, if the frame has one */
    Lz4FrameReader(InputStream source, long limit, boolean aloneInSource, boolean checksContent) {
        this.source = source;
        this.contentHash = checksContent ? XXHashFactory.safeInstance().newStreamingHash32(0) : null;
        this.limit = limit;
        this.aloneInSource = aloneInSource;
        this.blocks = new Lz4Blocks(limit);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!hasContent()) {
            return -1;
        }
        int count = Math.min(length, available - position);
        System.arraycopy(block, position, target, from, count);
        position += count;
        return count;
    }

    /** Writes whole blocks, without a copy. */
    @Override
    public long transferTo(OutputStream target) throws IOException {
        long count = 0;
        while (hasContent()) {
            target.write(block, position, available - position);
            count += available - position;
            position = available;
        }
        return count;
    }

    /** Returns whether there is more content, and decodes the next block if necessary. */
    private boolean hasContent() throws IOException {
        Lz4FrameHeader frame = header;
        if (frame == null) {
            frame = Lz4FrameHeader.read(source, limit);
            header = frame;
            block = new byte[(int) Math.min(frame.maxBlockBytes(), limit)];
        }
        if (position == available && !ended) {
            readBlock(frame);
        }
        return position < available;
    }

    private void readBlock(Lz4FrameHeader frame) throws IOException {
        position = 0;
        available = 0;
        int length = blocks.next(source, frame, block, 0, (int) Math.min(block.length, limit - total));
        if (length < 0) {
            end(frame);
            return;
        }
        available = length;
        total += length;
        if (contentHash != null) {
            contentHash.update(block, 0, length);
        }
    }

    private void end(Lz4FrameHeader frame) throws IOException {
        ended = true;
        if (frame.hasContentChecksum()) {
            int stated = Lz4FrameHeader.readInt(source);
            boolean same = contentHash == null || stated == contentHash.getValue();
            Lz4FrameHeader.check(same, "content checksum mismatch");
        }
        Lz4FrameHeader.check(!aloneInSource || source.read() < 0, "bytes after the frame");
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
