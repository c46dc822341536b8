package io.veloz.wal.archive.store.probe;

import java.time.Duration;
import java.util.Locale;

/**
 * The result of one check. Immutable.
 *
 * @param name the requirement, as a statement
 * @param passed whether the store meets it
 * @param found the observed behaviour
 * @param took duration of the check
 */
public record ProbeResult(String name, boolean passed, String found, Duration took) {
    /** Returns one line for humans, with the columns of {@link ProbeReport#table()}. */
    public String line() {
        return String.format(Locale.ROOT, "%-4s %-50s %6d ms  %s", passed ? "yes" : "NO", name, took.toMillis(), found);
    }
}
