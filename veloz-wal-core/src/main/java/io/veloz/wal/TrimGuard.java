package io.veloz.wal;

/**
 * Somebody who still needs old records: a checkpoint, an archive, a slow reader. {@link Wal#trim} deletes nothing that
 * any guard holds back. It is called by the thread that trims, and must be thread-safe.
 */
public interface TrimGuard {
    /** What reports call the guard. */
    String name();

    /** Records up to this sequence are no longer needed; 0 if all still are. */
    long releasedThrough();
}
