package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Metric;
import io.veloz.wal.bench.measure.Workload;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** Workloads that share a table and a plot. */
enum Group {
    DURABLE("Durable append", List.of("durable-", "virtual-"), Metric.OPS, Metrics.LATENCY),
    SIZES(
            "Durable append of small and large records",
            List.of("small-", "large-", "kib16-"),
            Metric.OPS,
            Metrics.LATENCY),
    PIPELINED(
            "Append without waiting",
            List.of("async", "buffered"),
            Metric.OPS,
            List.of(Metric.NANOS, Metric.ALLOCATED_BYTES)),
    RATE("Latency at a fixed rate", List.of("rate-"), Metric.P99_MICROS, Metrics.RATE),
    ROLL("Rolls", List.of("roll", "no-roll"), Metric.OPS, Metrics.LATENCY),
    REPLAY("Replay", List.of("replay"), Metric.WARM_MB, List.of(Metric.WARM_FLOOR_MB, Metric.FILE_BYTES_RATIO)),
    OTHER("Other workloads", List.of(""), Metric.OPS, List.of());

    /** An enum's constants cannot use its own static fields. */
    private static final class Metrics {
        static final List<Metric> LATENCY =
                List.of(Metric.P50_MICROS, Metric.P99_MICROS, Metric.P999_MICROS, Metric.MAX_MICROS);
        static final List<Metric> RATE = List.of(
                Metric.OPS,
                Metric.P50_MICROS,
                Metric.P999_MICROS,
                Metric.MAX_MICROS,
                Metric.LATE_P50_MICROS,
                Metric.LATE_P99_MICROS);
    }

    private final String title;

    @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
    private final List<String> prefixes;

    private final Metric primary;

    @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
    private final List<Metric> others;

    Group(String title, List<String> prefixes, Metric primary, List<Metric> others) {
        this.title = title;
        this.prefixes = prefixes;
        this.primary = primary;
        this.others = others;
    }

    /** Returns the group of a workload, by its name. */
    static Group of(String workload) {
        return Arrays.stream(values())
                .filter(group -> group.prefixes.stream().anyMatch(workload::startsWith))
                .findFirst()
                .orElse(OTHER);
    }

    String title() {
        return title;
    }

    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the metric by which logs are ordered. */
    Metric primary() {
        return primary;
    }

    List<String> workloads(Collection<String> all) {
        return all.stream().filter(workload -> of(workload) == this).toList();
    }

    /** Returns the metrics that a measurement must have printed to be complete. */
    List<Metric> required() {
        return Arrays.stream(Metric.values())
                .filter(metric -> metric == primary || others.contains(metric))
                .toList();
    }

    /** Returns whether a higher value of a metric is better. */
    static boolean higherIsBetter(Metric metric) {
        return switch (metric) {
            case OPS, WARM_MB, COLD_MB, WARM_FLOOR_MB, COLD_FLOOR_MB -> true;
            default -> false;
        };
    }

    static String nameOf(Metric metric) {
        return metric.name().toLowerCase(Locale.ROOT);
    }

    /** Returns the description of a workload, or its name if this version does not have it. */
    static String description(String workload) {
        return Arrays.stream(Workload.values())
                .filter(known -> known.argument().equals(workload))
                .map(Workload::description)
                .findFirst()
                .orElse(workload);
    }
}
