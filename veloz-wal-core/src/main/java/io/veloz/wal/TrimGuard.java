package io.veloz.wal;

/**
 * A user of old records, such as an archive or a slow reader, that keeps {@link Wal#trim} from deleting them. The thread
 * that trims calls it. It must be thread-safe.
 */
public interface TrimGuard {
    /** Returns the name of the guard in reports. */
    String name();

    /** Returns the last record that this guard no longer needs; 0 if it needs all. */
    long releasedThrough();
}
