package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Creates a segment ahead of its use: zeros to its full size, then a header, all durable before it gets its name.
 *
 * <p>The file is filled with zeros rather than left sparse or only preallocated. A force over blocks that were never
 * written also has to commit metadata on ext4 and XFS, and takes about half as long again.
 *
 * <p>Crash table. Before the rename, a crash leaves a file under the preparing name, which the next open deletes.
 * Between the rename and the force of the directory, it leaves either that file or a complete prepared segment without
 * a batch, which is deleted as well. No batch is written into the segment, and none acknowledged, before {@link
 * #publish} returns.
 */
public final class SegmentMaker {
    private static final int CHUNK_BYTES = 256 * 1024;

    /** The largest number of bytes that wait for a force, so that a force of the active segment never waits for the whole file. */
    private static final int MAX_UNFORCED_BYTES = 4 * 1024 * 1024;

    /**
     * One for all logs, so it is never freed. Not heap memory, which the JDK would copy for each write. Allocated at its first
     * use, and not with the class, so that an open that lacks the memory can be repeated.
     */
    private static volatile @Nullable ByteBuffer zeros;

    /** An open waits until its first segment is filled. So it is small, and the next ones grow to the size that is set. */
    private static final long FIRST_BYTES = 4 * 1024 * 1024;

    private static final int GROWTH = 4;

    private SegmentMaker() {}

    /** Returns the size of the first segment of an open log, which has room for a batch, but not for more than asked. */
    public static long firstBytes(long segmentBytes, int maxBatchBytes) {
        return Math.min(segmentBytes, Math.max(FIRST_BYTES, 4L * maxBatchBytes));
    }

    /** Returns the size of a segment after one of {@code bytes}. */
    public static long nextBytes(long bytes, long segmentBytes) {
        return bytes > segmentBytes / GROWTH ? segmentBytes : GROWTH * bytes;
    }

    /** Decides between chunks how a segment is filled. */
    @FunctionalInterface
    public interface Pace {
        /** Fills as fast as the disk writes. */
        Pace FAST = (filledBytes, chunkNanos) -> true;

        /**
         * Returns whether the next chunks follow at once, and are forced together, because the segment is needed soon. Otherwise
         * this leaves the disk to the commits for a while.
         */
        boolean isFast(long filledBytes, long chunkNanos) throws IOException;

        /** Returns whether the segment is needed at once at this size, though it was to become larger. */
        default boolean isEnough(long filledBytes) {
            return false;
        }
    }

    /**
     * A segment that is filled.
     *
     * @param header with the size that it has
     */
    public record Filled(StorageFile file, SegmentHeader header) {}

    /**
     * Creates a segment under the preparing name, durable at its full length. On failure the partial file is deleted.
     * The call can be repeated, and creates another file.
     *
     * @param header with the size that the segment is to have
     */
    public static Filled fill(Storage storage, SegmentNames names, SegmentHeader header, Pace pace) throws IOException {
        if (storage.exists(names.preparing())) {
            storage.delete(names.preparing());
        }
        StorageFile file = storage.create(names.preparing());
        try {
            return new Filled(file, fill(file, header, pace));
        } catch (Throwable t) {
            remove(storage, names, file, t);
            throw t;
        }
    }

    /**
     * Frees the space immediately, because the disk may be full. If the deletion fails, the next attempt deletes
     * the file.
     */
    private static void remove(Storage storage, SegmentNames names, StorageFile file, Throwable failure) {
        try (file) {
            storage.delete(names.preparing());
        } catch (Throwable e) {
            failure.addSuppressed(e);
        }
    }

    /** Renames a filled segment to the prepared name, which must be unused or belong to a segment without records. */
    public static void publish(Storage storage, SegmentNames names) throws IOException {
        storage.rename(names.preparing(), names.prepared());
        storage.forceDirectory();
    }

    private static SegmentHeader fill(StorageFile file, SegmentHeader header, Pace pace) throws IOException {
        ByteBuffer chunk = zeros();
        boolean fast = pace == Pace.FAST;
        long forced = SegmentHeader.BYTES;
        long position = SegmentHeader.BYTES;
        while (position < header.segmentBytes() && !pace.isEnough(position)) {
            long started = System.nanoTime();
            int bytes = (int) Math.min(CHUNK_BYTES, header.segmentBytes() - position);
            file.writeFully(chunk.clear().limit(bytes), position);
            position += bytes;
            if (!fast || position - forced >= MAX_UNFORCED_BYTES) {
                file.force();
                forced = position;
            }
            fast = pace.isFast(position, System.nanoTime() - started);
        }
        // Last, because it states the size.
        SegmentHeader filled = header.withSegmentBytes(position);
        writeHeader(file, filled);
        file.force();
        return filled;
    }

    private static ByteBuffer zeros() {
        ByteBuffer shared = zeros;
        if (shared == null) {
            shared = ByteBuffer.allocateDirect(CHUNK_BYTES);
            zeros = shared;
        }
        return shared.duplicate();
    }

    private static void writeHeader(StorageFile file, SegmentHeader header) throws IOException {
        file.writeFully(header.encode(), 0);
        if (header.hasEndMarks()) {
            // From now on a shorter file has been truncated.
            ByteBuffer mark = ByteBuffer.allocate(EndMark.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            new EndMark(0, SegmentHeader.BYTES, header.createdNanos()).encode(mark, header.salt(), new Checksum());
            file.writeFully(mark, EndMark.position(0));
        }
    }
}
