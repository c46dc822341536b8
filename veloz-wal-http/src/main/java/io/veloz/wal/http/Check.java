package io.veloz.wal.http;

import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A named health check. Thread-safe if its supplier is. */
final class Check {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private final String name;
    private final Set<Probe> probes;
    private final Supplier<CheckResult> supplier;
    private final AtomicBoolean throwing = new AtomicBoolean();

    /** Creates a check that fails {@code /health} and some probes. */
    Check(String name, Set<Probe> probes, Supplier<CheckResult> supplier) {
        this.name = name;
        this.probes = Set.copyOf(probes);
        this.supplier = supplier;
    }

    String name() {
        return name;
    }

    boolean isPartOf(Probe probe) {
        return probes.contains(probe);
    }

    /**
     * Runs the check. One that throws has failed. Clients receive only the type of the exception. It is logged once, until
     * the check succeeds again, because probes may arrive every second.
     */
    CheckResult run() {
        try {
            CheckResult result = supplier.get();
            throwing.set(false);
            return result;
        } catch (RuntimeException e) {
            if (throwing.compareAndSet(false, true)) {
                LOG.warn("the health check \"{}\" threw an exception", name, e);
            }
            return CheckResult.failed("the check failed with " + e.getClass().getSimpleName());
        }
    }
}
