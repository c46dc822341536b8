package io.veloz.wal.internal.jfr;

/**
 * The common fields of the events of a commit. An interface, because a verification of the code that uses it does not load
 * the classes of the events.
 */
public interface CommitFields {
    /** Sets what was committed. */
    void setContent(String directory, long sequence, int count, long size);

    /** Sets where the time went, in nanoseconds. */
    void setPhases(long queuedNanos, long stalledNanos, long writeNanos, long forceNanos, long wakeUpNanos);

    /** Records the event. */
    void commit();
}
