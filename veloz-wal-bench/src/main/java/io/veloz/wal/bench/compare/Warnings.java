package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reasons not to trust the figures of a run. */
final class Warnings {
    /** Share of the processors that other programs use. */
    private static final double BUSY = 0.3;

    private static final double NOISY = 1.3;
    private static final String SINGLE = "durable-1";
    private static final String NO_ROLL = "no-roll";

    private Warnings() {}

    static List<String> of(Results results) {
        List<String> warnings = new ArrayList<>();
        load(results).ifPresent(warnings::add);
        noise(results).ifPresent(warnings::add);
        rolls(results).ifPresent(warnings::add);
        if (results.fact(Row.MACHINE, "", "file system").orElse("").equals("tmpfs")) {
            warnings.add(
                    "The directory is in memory (tmpfs), so a force costs nothing: measure a directory on a disk, with"
                            + " `--dir`.");
        }
        return warnings;
    }

    /** The load average before the first round is that of other programs. */
    private static Optional<String> load(Results results) {
        double processors = results.fact(Row.MACHINE, "", "processors")
                .map(Double::parseDouble)
                .orElse(1.0);
        return results.facts(Row.MACHINE).stream()
                .filter(row -> row.round() == 1 && row.metric().equals(Machine.LOAD_BEFORE))
                .map(row -> Double.parseDouble(row.value().replaceAll(" .*", "")))
                .filter(load -> load > BUSY * processors)
                .map(load -> String.format(
                        Locale.ROOT,
                        "The load average was %.1f on %.0f processors before the first round: the machine was busy with other"
                                + " programs. Trust ratios more than digits.",
                        load,
                        processors))
                .findFirst();
    }

    /** A log that rolls in the workload without rolls is no baseline. */
    private static Optional<String> rolls(Results results) {
        List<String> logs = results.logs().stream()
                .filter(log -> results.spread(NO_ROLL, log, Metric.ROLLS)
                        .filter(rolls -> rolls.max() > 0)
                        .isPresent())
                .toList();
        return logs.isEmpty()
                ? Optional.empty()
                : Optional.of("In the workload `" + NO_ROLL + "` these logs have rolled: " + String.join(", ", logs)
                        + ". Measure fewer seconds.");
    }

    private static Optional<String> noise(Results results) {
        return results.spread(SINGLE, "raw-single", Metric.OPS)
                .filter(spread -> spread.max() > NOISY * spread.min())
                .map(spread -> String.format(
                        Locale.ROOT,
                        "The floor of one thread differed by a factor of %.1f between the rounds: the disk or the machine was"
                                + " busy.",
                        spread.max() / spread.min()));
    }
}
