package io.veloz.wal.archive.store;

/**
 * An object as a store lists it. Immutable.
 *
 * @param key relative to the store's prefix
 * @param bytes its size
 */
public record StoredObject(String key, long bytes) {}
