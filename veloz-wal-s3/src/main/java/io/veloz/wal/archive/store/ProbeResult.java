package io.veloz.wal.archive.store;

import java.time.Duration;

/**
 * One thing that was tried on a store. Immutable.
 *
 * @param name what an archive needs, as a fact
 * @param holds whether the store does so
 * @param found what it did
 * @param took how long that was tried
 */
public record ProbeResult(String name, boolean holds, String found, Duration took) {}
