package io.veloz.wal.archive;

import java.time.Duration;

/**
 * The result of a promotion. Immutable.
 *
 * @param epoch the acquired epoch; 0 if an earlier run had acquired it, and this one completed the promotion
 * @param over the epoch that it replaces
 * @param lastSequence the last record of the log: everything that was ever archived
 * @param took the time of the promotion
 */
public record ArchivePromotion(long epoch, long over, long lastSequence, Duration took) {}
