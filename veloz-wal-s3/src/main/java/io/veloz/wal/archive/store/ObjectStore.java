package io.veloz.wal.archive.store;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * A place for objects that are written once. Any thread may call any method. Keys are relative to the store's own prefix:
 * letters, digits and {@code . _ - /}, as {@link ObjectKeys} says; others are an {@link IllegalArgumentException}. No
 * key is the directory of another one.
 *
 * <p>What the archive's safety rests on: {@link #putIfAbsent} lets exactly one of several writers win, for ever, and an
 * object appears whole or not at all; what was put is seen by every {@link #get} and {@link #list} that begins later.
 * Nothing rests on conditional deletes, on replacing, or on times.
 *
 * <p>No method retries by itself: a retried success answers "exists". Every method throws
 *
 * <ul>
 *   <li>{@link StoreUnavailableException} if it may help to try again later. A put or a delete may have happened all the
 *       same
 *   <li>{@link StoreDeniedException} if a person has to act first: rights, credentials, clock, region
 *   <li>{@link StoreException} if it will never work: a bucket that is not there, an answer that makes no sense
 * </ul>
 */
public interface ObjectStore extends AutoCloseable {
    /** What messages call this place: its URI, without any secret. */
    String describe();

    /**
     * Creates an object unless there is one of that key.
     *
     * @return true if this call created it, and it is durable now; false if there is one, whoever made it
     */
    boolean putIfAbsent(String key, ObjectContent content) throws StoreException;

    /** What is known of an object without reading it; empty if there is none. */
    Optional<StoredObject> head(String key) throws StoreException;

    /**
     * Reads an object from its beginning. Close the stream; an early end is an {@link java.io.IOException}.
     *
     * @throws NoSuchObjectException if there is none
     */
    InputStream get(String key) throws StoreException;

    /**
     * Reads a part of an object.
     *
     * @param from the first byte
     * @param length how many; fewer come if the object ends before
     * @throws NoSuchObjectException if there is none
     */
    InputStream get(String key, long from, long length) throws StoreException;

    /**
     * Lists objects by their keys, in the order of the keys' bytes, a page at a time. What was put since the first page of
     * a listing may be missing in the next ones.
     *
     * @param prefix what the keys start with
     * @param afterKey the last key of the page before; empty for the first page
     * @return up to 1,000 objects; none at the end
     */
    List<StoredObject> list(String prefix, String afterKey) throws StoreException;

    /** Removes objects; those that are not there do not matter. */
    void delete(List<String> keys) throws StoreException;

    @Override
    void close();
}
