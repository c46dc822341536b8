package io.veloz.wal.bench.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/**
 * An open log that is measured. Every log is called in the same way: what one of them lacks (a future, a buffer) its adapter
 * adds in the way that its users would.
 *
 * <p>A record is a heap buffer that contains nothing else, from 0 to its limit. The caller changes and reuses it as soon as
 * the call has returned.
 */
@SuppressWarnings("try") // close() waits for a thread, and may be interrupted
public interface MeasuredLog extends AutoCloseable {
    /**
     * Brings the log to its steady state, in which its files have their full size. It may append records of its own, which a
     * replay returns. Does nothing for a log that starts in this state. Called before the first append.
     */
    default void grow() throws Exception {}

    /** Returns how often the log has continued in its next file; empty if the log does not report this. */
    default OptionalLong rolls() {
        return OptionalLong.empty();
    }

    /** Appends a record, and returns when it is durable. Called by many threads. */
    void append(ByteBuffer record) throws Exception;

    /** Appends a record, and runs the action when it is durable, on any thread. Called by one thread. */
    void appendAsync(ByteBuffer record, Runnable durable) throws Exception;

    /** Appends a record, and returns when the log has a copy; waits if the log's buffer is full. Called by one thread. */
    void appendBuffered(ByteBuffer record) throws Exception;

    /** Returns when everything that was appended is durable. Called by one thread. */
    void sync() throws Exception;

    @Override
    void close() throws IOException;
}
