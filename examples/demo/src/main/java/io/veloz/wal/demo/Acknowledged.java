package io.veloz.wal.demo;

/**
 * An event that the writer was told is on disk. Immutable.
 *
 * @param event its place in the list of events
 * @param sequence of its record
 * @param nanos when that was heard, by {@link System#nanoTime()}
 */
record Acknowledged(int event, long sequence, long nanos) {}
