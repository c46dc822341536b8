package io.veloz.wal.archive.internal.read;

import io.veloz.wal.archive.internal.format.StoredFrame;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file that is stored in parts. Only the parts that are read are fetched, and only the last one that was read is open: an open
 * part has a range and a decoded piece in memory. Confined to one thread.
 */
final class PartsFile extends ReadOnlyFile {
    private final List<StoredFrame> parts;
    private final boolean continues;
    private final Opening opening;
    private @Nullable ReadOnlyFile current;
    private int index = -1;

    /** Opens parts. */
    @FunctionalInterface
    interface Opening {
        /**
         * Opens a part.
         *
         * @param continues whether the reader will probably read all of the part, as it has read the one before
         */
        ReadOnlyFile open(int index, boolean continues);
    }

    /**
     * @param parts in their order; at least one
     * @param continues whether the reader has read the file before
     */
    PartsFile(List<StoredFrame> parts, boolean continues, Opening opening) {
        this.parts = List.copyOf(parts);
        this.continues = continues;
        this.opening = opening;
    }

    @Override
    public long size() {
        return parts.stream().mapToLong(StoredFrame::fileBytes).sum();
    }

    @Override
    Piece at(long position) {
        long start = 0;
        for (int i = 0; i < parts.size(); i++) {
            long bytes = parts.get(i).fileBytes();
            if (position < start + bytes) {
                return part(i).at(position - start).after(start);
            }
            start += bytes;
        }
        throw new IllegalArgumentException("position " + position + " of a file of " + start + " bytes");
    }

    private ReadOnlyFile part(int wanted) {
        ReadOnlyFile part = current;
        if (part == null || wanted != index) {
            closeCurrent();
            part = opening.open(wanted, wanted == 0 ? continues : wanted == index + 1);
            current = part;
            index = wanted;
        }
        return part;
    }

    private void closeCurrent() {
        if (current != null) {
            current.close();
            current = null;
        }
    }

    @Override
    public void close() {
        super.close();
        closeCurrent();
    }
}
