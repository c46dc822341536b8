package io.veloz.wal.archive.store;

/**
 * An object in a listing. Immutable.
 *
 * @param key relative to the prefix of the store
 * @param bytes size of the object
 */
public record StoredObject(String key, long bytes) {}
