package io.veloz.wal.archive.internal.index;

import java.io.Closeable;
import java.io.IOException;

/** The entries of an index, ordered by their hashes as unsigned numbers, then by their records. Can be read repeatedly. */
public interface IndexEntries {
    long count();

    /** Starts before the first entry. */
    Cursor open() throws IOException;

    /** Reads entries. Confined to one thread. */
    interface Cursor extends Closeable {
        /** Moves to the next entry; returns false after the last one. */
        boolean next() throws IOException;

        long hash();

        /** Returns the sequence of the first record of a segment that has the key. */
        long sequence();

        @Override
        default void close() throws IOException {}
    }
}
