package io.veloz.wal.archive.store;

import java.time.Duration;
import java.util.Locale;

/**
 * One thing that was tried on a store. Immutable.
 *
 * @param name what an archive needs, as a fact
 * @param holds whether the store does so
 * @param found what it did
 * @param took how long that was tried
 */
public record ProbeResult(String name, boolean holds, String found, Duration took) {
    /** For people: one line, in the columns of {@link ProbeReport#table()}. */
    public String line() {
        return String.format(Locale.ROOT, "%-4s %-50s %6d ms  %s", holds ? "yes" : "NO", name, took.toMillis(), found);
    }
}
