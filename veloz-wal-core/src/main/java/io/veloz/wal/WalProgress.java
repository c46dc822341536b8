package io.veloz.wal;

/** Is told how far a long piece of work has come. Called by the thread that does the work, often. */
@FunctionalInterface
public interface WalProgress {
    /** Tells nobody. */
    WalProgress NONE = (done, total) -> {};

    /** So many bytes of so many are done. */
    void update(long doneBytes, long totalBytes);
}
