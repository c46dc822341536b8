package io.veloz.wal.chronicle;

import net.openhft.chronicle.bytes.Bytes;

/**
 * Decides which type and time the record of a document gets. It is called by the thread of the import.
 *
 * <p>It must return the same values for the same document each time, since a resumed import compares them with the log. It
 * may read the document; its positions are restored afterwards.
 */
@FunctionalInterface
public interface DocumentMapping {
    /**
     * Returns the record type, 1 to 65,535.
     *
     * @param index of the document in the queue
     */
    int type(long index, Bytes<?> document);

    /**
     * Returns the time of the record, in nanoseconds since 1970. Chronicle Queue stores no time with a document, so the
     * default is the start of the document's roll cycle.
     */
    default long timestampNanos(long index, Bytes<?> document, long cycleStartNanos) {
        return cycleStartNanos;
    }
}
