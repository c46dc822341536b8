package io.veloz.wal;

/** Receives the progress of a long operation. Called often, by the thread that runs the operation. */
@FunctionalInterface
public interface WalProgress {
    /** Ignores the progress. */
    WalProgress NONE = (done, total) -> {};

    /** Reports how many bytes are done, and how many there are in total. */
    void update(long doneBytes, long totalBytes);
}
