package io.veloz.wal.spi;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Replays the records of a log into the state of an application, and compares that state with checkpoints. Implement it for
 * records of your own types; the module {@code io.veloz.wal.orders} has one for orders. Its user calls it on one thread.
 *
 * <p>The replay continues after a {@link StateMismatchException}: a record or a content that is not valid changes no state.
 */
public interface StateReplay {
    /** Discards the state, and begins with the state before record 1. */
    void begin();

    /**
     * Discards the state, and begins with the state in a checkpoint.
     *
     * @param sequence the last record that the checkpoint covers
     * @param content may be read only until the call returns
     * @throws StateMismatchException if the content is not a state of this application
     * @throws IOException from the stream
     */
    void begin(long sequence, InputStream content) throws IOException, StateMismatchException;

    /**
     * Applies the next record.
     *
     * @param payload valid until the call returns
     * @return whether records of this type belong to the state
     * @throws StateMismatchException if the record cannot be decoded or applied
     */
    boolean apply(long sequence, long timestampNanos, int type, ByteBuffer payload) throws StateMismatchException;

    /**
     * Checks that a record can be decoded, if the state before it is not known. Changes no state.
     *
     * @param payload valid until the call returns
     * @return whether records of this type belong to the state
     * @throws StateMismatchException if the record cannot be decoded
     */
    boolean check(int type, ByteBuffer payload) throws StateMismatchException;

    /**
     * Compares the state after a record with the checkpoint that covers the records up to it. The replay then continues with the
     * state in the checkpoint, also if it differs, as an application does that is started from it.
     *
     * @param sequence the last record that was applied, and that the checkpoint covers
     * @param content may be read only until the call returns
     * @throws StateMismatchException if the states differ, or if the content is not a state of this application
     * @throws IOException from the stream
     */
    void compare(long sequence, InputStream content) throws IOException, StateMismatchException;

    /** Returns what an operator should know about the replayed records, although nothing is damaged, in one line each. */
    default List<String> notes() {
        return List.of();
    }
}
