package io.veloz.wal.http;

import java.util.Objects;

/**
 * The result of a health check. Immutable.
 *
 * @param passed whether the check passed
 * @param reason why it failed, or what it found; shown to every client of the server, so it must not contain a secret
 */
public record CheckResult(boolean passed, String reason) {
    public CheckResult {
        Objects.requireNonNull(reason, "reason");
    }

    /** Returns the result of a check that passed. */
    public static CheckResult passed(String found) {
        return new CheckResult(true, found);
    }

    /** Returns the result of a check that failed. */
    public static CheckResult failed(String reason) {
        return new CheckResult(false, reason);
    }
}
