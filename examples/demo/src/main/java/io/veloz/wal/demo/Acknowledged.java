package io.veloz.wal.demo;

/**
 * An event that the writer has reported as durable. Immutable.
 *
 * @param event its index in the list of events
 * @param sequence sequence of its record
 * @param nanos when the report was received, by {@link System#nanoTime()}
 */
record Acknowledged(int event, long sequence, long nanos) {}
