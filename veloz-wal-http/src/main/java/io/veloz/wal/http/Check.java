package io.veloz.wal.http;

import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A named health check. Thread-safe if its supplier is.
 *
 * @param probes the probes that fail with it; {@code /health} always does
 */
record Check(String name, Set<Probe> probes, Supplier<CheckResult> supplier) {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    Check {
        probes = Set.copyOf(probes);
    }

    /** Runs the check. One that throws has failed; the exception is logged, because clients receive only its type. */
    CheckResult run() {
        try {
            return supplier.get();
        } catch (RuntimeException e) {
            LOG.warn("health check {} failed", name, e);
            return CheckResult.failed("the check failed with " + e.getClass().getSimpleName());
        }
    }
}
