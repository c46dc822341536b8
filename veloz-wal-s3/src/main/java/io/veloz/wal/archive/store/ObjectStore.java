package io.veloz.wal.archive.store;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * A store of write-once objects. Thread-safe. Keys are relative to the prefix of the store, and have the syntax of
 * {@link ObjectKeys}; other keys cause an {@link IllegalArgumentException}. A key is never a directory of another key.
 *
 * <p>The archive relies on three guarantees. {@link #putIfAbsent} succeeds for exactly one of several writers, permanently.
 * An object becomes visible as a whole or not at all. An object that was put is visible to every later {@link #get} and
 * {@link #list}. The archive does not rely on conditional deletes, replacement or modification times.
 *
 * <p>Every request ends within a bounded time, also if the store is silent: the threads of a shipper and of a restore wait for it.
 *
 * <p>Implementations do not retry, because the retry of a put that succeeded returns "exists". Every method throws
 *
 * <ul>
 *   <li>{@link StoreUnavailableException} if a later attempt may succeed. A put or delete may have taken effect anyway
 *   <li>{@link StoreDeniedException} if an operator has to correct permissions, credentials, clock or region first
 *   <li>{@link StoreException} if no retry can succeed, as for a missing bucket or an invalid response
 * </ul>
 */
public interface ObjectStore extends AutoCloseable {
    /** Returns the URI of the store for messages, without secrets. */
    String describe();

    /**
     * Creates an object unless the key exists.
     *
     * @return true if this call created the object, which is then durable; false if the key exists already
     */
    boolean putIfAbsent(String key, ObjectContent content) throws StoreException;

    /** Returns the key and size of an object without reading it; empty if it does not exist. */
    Optional<StoredObject> head(String key) throws StoreException;

    /**
     * Opens a stream over an object. The caller closes it. A truncated transfer is an {@link java.io.IOException}.
     *
     * @throws NoSuchObjectException if the object does not exist
     */
    InputStream get(String key) throws StoreException;

    /**
     * Opens a stream over a byte range of an object.
     *
     * @param from offset of the first byte
     * @param length number of bytes; the stream is shorter if the object ends earlier
     * @throws NoSuchObjectException if the object does not exist
     */
    InputStream get(String key, long from, long length) throws StoreException;

    /**
     * Lists objects in the byte order of their keys, one page at a time. Objects that were put after the first page was
     * read may be missing from later pages.
     *
     * @param prefix prefix of the keys
     * @param afterKey the last key of the previous page; empty for the first page
     * @return up to 1,000 objects; an empty list after the last page
     */
    List<StoredObject> list(String prefix, String afterKey) throws StoreException;

    /** Deletes objects. Keys that do not exist are ignored. */
    void delete(List<String> keys) throws StoreException;

    /**
     * Returns the keys of what is encrypted in this store; {@link EncryptionKeys#NONE} unless {@link ObjectStores#withKeys} added
     * some. The store itself does not encrypt. A store that wraps another one returns its keys.
     */
    default EncryptionKeys encryptionKeys() {
        return EncryptionKeys.NONE;
    }

    @Override
    void close();
}
