package io.veloz.wal.legacy;

import io.veloz.wal.WalOpenException;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * One file of an old log, read through a window of fixed size. Not thread-safe.
 *
 * <p>Not a FileChannel, because an interrupt of the reading thread would close it.
 */
final class LegacyFile implements Closeable {
    private static final int WINDOW_BYTES = 128 * 1024;

    private final String name;
    private final RandomAccessFile file;
    private final long size;
    private final byte[] window;
    private long windowStart;
    private int windowLength;

    private LegacyFile(String name, RandomAccessFile file, long size) {
        this.name = name;
        this.file = file;
        this.size = size;
        this.window = new byte[(int) Math.max(EntryHeader.BYTES, Math.min(WINDOW_BYTES, size))];
    }

    /** Opens a file for reading. Data appended later is not read. */
    static LegacyFile open(Path path) {
        String name = String.valueOf(path.getFileName());
        RandomAccessFile file = null;
        try {
            file = new RandomAccessFile(path.toFile(), "r");
            return new LegacyFile(name, file, file.length());
        } catch (IOException e) {
            closeAfter(e, file);
            throw new WalOpenException("cannot open " + path + ": " + e.getMessage(), e);
        }
    }

    private static void closeAfter(IOException failure, @Nullable RandomAccessFile file) {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
    }

    String name() {
        return name;
    }

    long size() {
        return size;
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new WalOpenException("cannot close " + name + ": " + e.getMessage(), e);
        }
    }

    /** Returns the header at a position, or null if the remaining bytes are fewer than a header. */
    @Nullable
    EntryHeader header(long position) {
        if (size - position < EntryHeader.BYTES) {
            return null;
        }
        return EntryHeader.read(position, window, load(position, EntryHeader.BYTES));
    }

    int u8(long position) {
        return window[load(position, 1)] & 0xFF;
    }

    int i32(long position) {
        return EntryHeader.readInt(window, load(position, 4));
    }

    long i64(long position) {
        return EntryHeader.readLong(window, load(position, 8));
    }

    byte[] bytes(long position, int length) {
        byte[] copy = new byte[length];
        int done = 0;
        while (done < length) {
            int at = load(position + done, 1);
            int part = Math.min(length - done, windowLength - at);
            System.arraycopy(window, at, copy, done, part);
            done += part;
        }
        return copy;
    }

    /** Returns the CRC-32 of a range. */
    int crc(long position, long length) {
        CRC32 crc = new CRC32();
        long done = 0;
        while (done < length) {
            int at = load(position + done, 1);
            int part = (int) Math.min(length - done, windowLength - at);
            crc.update(window, at, part);
            done += part;
        }
        return (int) crc.getValue();
    }

    boolean isZero(long from, long until) {
        for (long position = from; position < until; position++) {
            if (u8(position) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns the next position of the magic, or -1. */
    long findMagic(long from) {
        long position = from;
        while (size - position >= 4) {
            int at = load(position, 4);
            for (; at + 4 <= windowLength; at++) {
                if (window[at] == 'E' && EntryHeader.readInt(window, at) == EntryHeader.MAGIC) {
                    return windowStart + at;
                }
            }
            position = windowStart + at;
        }
        return -1;
    }

    /** Loads bytes into the window and returns their offset in it. */
    private int load(long position, int length) {
        if (position < windowStart || position + length > windowStart + windowLength) {
            fill(position, length);
        }
        return (int) (position - windowStart);
    }

    private void fill(long position, int length) {
        try {
            windowStart = position;
            windowLength = 0;
            file.seek(position);
            int wanted = (int) Math.min(window.length, size - position);
            file.readFully(window, 0, wanted);
            windowLength = wanted;
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + length + " bytes of " + name + " at " + position + ": " + e, e);
        }
    }
}
