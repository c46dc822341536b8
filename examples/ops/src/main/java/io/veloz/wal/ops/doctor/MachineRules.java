package io.veloz.wal.ops.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Findings on processors, timers and space. Stateless. */
final class MachineRules {
    static final long LATE_SLEEP_NANOS = 1_000_000;
    static final long LATE_WAKE_UP_NANOS = 1_000_000;

    /** Two segments of the default size, and room for a few more. */
    static final long LITTLE_SPACE_BYTES = 512L * 1024 * 1024;

    static final int FEW_FILES = 1000;

    private MachineRules() {}

    static List<Finding> apply(Facts facts, Measured measured) {
        List<Finding> findings = new ArrayList<>();
        processors(facts.host().processors(), findings);
        wakeUps(measured, findings);
        space(facts.space(), findings);
        if (!facts.openLogs().isEmpty()) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "log_is_open",
                    "a process has a log in this directory open (" + String.join(", ", facts.openLogs())
                            + "): the figures include its load, and it had to share the disk with this measurement",
                    "repeat while the engine is stopped for figures of the disk alone"));
        }
        return findings;
    }

    private static void processors(Processors processors, List<Finding> findings) {
        if (processors.visible() == 1) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "one_processor",
                    "the JVM has one processor: appending threads, the commit thread and the preparation of segments share"
                            + " it",
                    "use at least two"));
        }
        processors
                .limit()
                .ifPresent(limit -> findings.add(new Finding(
                        Severity.NOTE,
                        "processors_are_limited",
                        String.format(
                                Locale.ROOT,
                                "the control group allows %.2f of %d processors: threads that exceed it stop for up to a"
                                        + " period, usually 100 ms, and so does every commit",
                                limit,
                                processors.visible()),
                        "raise the limit (cpu.max), or assign processors instead (cpuset)")));
    }

    private static void wakeUps(Measured measured, List<Finding> findings) {
        Latencies sleeps = measured.of(Series.PARK_OVERSHOOT);
        Latencies wakeUps = measured.of(Series.UNPARK);
        boolean late = sleeps.p99() >= LATE_SLEEP_NANOS || wakeUps.p99() >= LATE_WAKE_UP_NANOS;
        findings.add(new Finding(
                late ? Severity.NOTE : Severity.OK,
                late ? "wake_ups_are_late" : "wake_ups_are_prompt",
                "a thread is woken by another within " + Quantity.nanos(wakeUps.p50()) + " (p50) and "
                        + Quantity.nanos(wakeUps.p99()) + " (p99), and a sleep of 100 us is "
                        + Quantity.nanos(sleeps.p99())
                        + " longer (p99). A durable append waits for two such wake-ups",
                late ? "look for other load on the processors, limits of the control group, and power saving" : ""));
    }

    private static void space(Space space, List<Finding> findings) {
        if (space.usableBytes() < LITTLE_SPACE_BYTES) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "little_space",
                    Quantity.bytes(space.usableBytes()) + " are free; the log needs two segments and what it keeps",
                    "free space, or use smaller segments"));
        }
        if (space.freeFiles() >= 0 && space.freeFiles() < FEW_FILES) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "few_inodes",
                    Quantity.count(space.freeFiles()) + " files can still be created (inodes)",
                    "delete files, or use a file system with more inodes"));
        }
    }
}
