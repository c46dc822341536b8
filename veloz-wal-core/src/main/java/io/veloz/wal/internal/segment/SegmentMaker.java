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

/**
 * Makes the next segment ahead of its use: a header, then zeros to its full size, all on disk before it gets its name.
 *
 * <p>Zeros and not a hole, nor space that is merely reserved: a force over blocks that were never written has to commit
 * metadata as well, on ext4 and xfs, and takes about half as long again.
 *
 * <p>Crash table. Until the rename there is a file under the preparing name, which the next open removes. Between the
 * rename and the force of the directory there is either that, or a whole prepared segment without a batch, which is
 * removed as well. Nothing is written into the segment, let alone acknowledged, before this returns.
 */
public final class SegmentMaker {
    private static final int CHUNK_BYTES = 256 * 1024;

    /** On the heap: direct memory is freed by garbage collection alone, and there is a roll for each segment. */
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(CHUNK_BYTES).asReadOnlyBuffer();

    private SegmentMaker() {}

    /** Called between chunks, so that a force of somebody who waits can go first. */
    @FunctionalInterface
    public interface Pause {
        void afterChunk(long chunkNanos) throws IOException;
    }

    /**
     * Makes a segment under the preparing name, on disk in all its length. If it fails what was begun is removed, and it
     * may be tried again: the next attempt is another file.
     */
    public static StorageFile fill(Storage storage, SegmentNames names, SegmentHeader header, Pause pause)
            throws IOException {
        if (storage.list().contains(names.preparing())) {
            storage.delete(names.preparing());
        }
        StorageFile file = storage.create(names.preparing());
        try {
            fill(file, header, pause);
            return file;
        } catch (Throwable t) {
            remove(storage, names, file, t);
            throw t;
        }
    }

    /** Gives the room back at once: a full disk has other users. What cannot be removed now, the next attempt removes. */
    private static void remove(Storage storage, SegmentNames names, StorageFile file, Throwable failure) {
        try (file) {
            storage.delete(names.preparing());
        } catch (Throwable e) {
            failure.addSuppressed(e);
        }
    }

    /** Gives a filled segment the prepared name, which must be free or hold a segment without records. */
    public static void publish(Storage storage, SegmentNames names) throws IOException {
        storage.rename(names.preparing(), names.prepared());
        storage.forceDirectory();
    }

    private static void fill(StorageFile file, SegmentHeader header, Pause pause) throws IOException {
        file.writeFully(header.encode(), 0);
        if (header.hasEndMarks()) {
            // From now on a file that is shorter has been cut.
            ByteBuffer mark = ByteBuffer.allocate(EndMark.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            new EndMark(0, SegmentHeader.BYTES, header.createdNanos()).encode(mark, header.salt(), new Checksum());
            file.writeFully(mark, EndMark.position(0));
        }
        ByteBuffer zeros = ZEROS.duplicate();
        for (long position = SegmentHeader.BYTES; position < header.segmentBytes(); ) {
            long started = System.nanoTime();
            int bytes = (int) Math.min(CHUNK_BYTES, header.segmentBytes() - position);
            file.writeFully(zeros.clear().limit(bytes), position);
            // Chunk by chunk, so that a force of the active segment never waits for all of it.
            file.force();
            position += bytes;
            pause.afterChunk(System.nanoTime() - started);
        }
        file.force();
    }
}
