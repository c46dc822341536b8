package io.veloz.wal.internal.recovery;

/**
 * A place to start reading. Immutable.
 *
 * @param number of the segment
 * @param position of a batch in it
 * @param sequence of that batch's first record, -1 if not known
 */
public record SegmentStart(long number, long position, long sequence) {}
