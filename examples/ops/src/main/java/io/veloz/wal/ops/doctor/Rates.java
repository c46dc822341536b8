package io.veloz.wal.ops.doctor;

/**
 * Sequential rates, in bytes per second. Immutable.
 *
 * @param fill zeros in a new file, forced every 4 MiB, as a segment is prepared
 * @param write overwrites without a force: the page cache, until it is full
 * @param read reads of what was just written: the page cache
 */
public record Rates(long fill, long write, long read) {}
