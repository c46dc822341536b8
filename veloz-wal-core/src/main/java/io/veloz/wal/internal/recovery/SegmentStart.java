package io.veloz.wal.internal.recovery;

/**
 * A position from which to start reading. Immutable.
 *
 * @param number number of the segment
 * @param position position of a batch in it
 * @param sequence sequence of that batch's first record, -1 if not known
 */
public record SegmentStart(long number, long position, long sequence) {}
