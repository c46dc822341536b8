package io.veloz.wal.bench.measure;

import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/** What is done with a log. */
public enum Workload {
    DURABLE_1("durable append of 256 B, 1 thread", (run, load) -> load.durable(1, false, run.seconds())),
    DURABLE_4("durable append of 256 B, 4 threads", (run, load) -> load.durable(4, false, run.seconds())),
    DURABLE_16("durable append of 256 B, 16 threads", (run, load) -> load.durable(16, false, run.seconds())),
    DURABLE_64("durable append of 256 B, 64 threads", (run, load) -> load.durable(64, false, run.seconds())),
    VIRTUAL_1("durable append of 256 B, 1 virtual thread", (run, load) -> load.durable(1, true, run.seconds())),
    VIRTUAL_16("durable append of 256 B, 16 virtual threads", (run, load) -> load.durable(16, true, run.seconds())),
    VIRTUAL_64("durable append of 256 B, 64 virtual threads", (run, load) -> load.durable(64, true, run.seconds())),
    VIRTUAL_1000(
            "durable append of 256 B, 1,000 virtual threads", (run, load) -> load.durable(1_000, true, run.seconds())),
    SMALL_1(64, "durable append of 64 B, 1 thread", (run, load) -> load.durable(1, false, run.seconds())),
    SMALL_16(64, "durable append of 64 B, 16 threads", (run, load) -> load.durable(16, false, run.seconds())),
    LARGE_1(1024, "durable append of 1 KiB, 1 thread", (run, load) -> load.durable(1, false, run.seconds())),
    LARGE_16(1024, "durable append of 1 KiB, 16 threads", (run, load) -> load.durable(16, false, run.seconds())),
    KIB16_1(16 * 1024, "durable append of 16 KiB, 1 thread", (run, load) -> load.durable(1, false, run.seconds())),
    KIB16_16(16 * 1024, "durable append of 16 KiB, 16 threads", (run, load) -> load.durable(16, false, run.seconds())),
    ASYNC("asynchronous append of 256 B, 1,024 in flight", (run, load) -> load.pipelined(1_024, run.seconds())),
    BUFFERED("buffered append of 256 B, sustained", (run, load) -> load.buffered(run.seconds())),
    RATE_1K("1,000 records of 256 B a second, open loop", (run, load) -> load.fixedRate(1_000, run.seconds())),
    RATE_5K("5,000 records of 256 B a second, open loop", (run, load) -> load.fixedRate(5_000, run.seconds())),
    RATE_20K("20,000 records of 256 B a second, open loop", (run, load) -> load.fixedRate(20_000, run.seconds())),
    ROLL(
            16 * 1024,
            16 * 1024 * 1024,
            "durable append of 16 KiB, 4 threads, files of 16 MiB",
            (run, load) -> load.durable(4, false, run.seconds())),
    NO_ROLL(
            16 * 1024,
            1024 * 1024 * 1024,
            "durable append of 16 KiB, 4 threads, files of 1 GiB",
            (run, load) -> load.durable(4, false, run.seconds())),
    REPLAY("replay of 256 B records, including open", (run, load) -> {
        throw new IllegalStateException("a replay opens the log itself");
    }) {
        @Override
        Map<Metric, Double> run(Run run) throws Exception {
            return new Replay(run).run();
        }
    };

    private static final int DEFAULT_RECORD_BYTES = 256;
    private static final int DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;

    /** Where, how long, and in which round a workload runs. */
    public record Run(LogKind kind, Path directory, double seconds, double warmUpSeconds, int round) {}

    /** Runs appends against an open log. */
    @FunctionalInterface
    private interface Appends {
        Map<Metric, Double> run(Run run, Load load) throws Exception;
    }

    private final int recordBytes;
    private final int segmentBytes;
    private final String description;

    @SuppressWarnings("ImmutableEnumChecker") // a function without state
    private final Appends appends;

    Workload(String description, Appends appends) {
        this(DEFAULT_RECORD_BYTES, description, appends);
    }

    Workload(int recordBytes, String description, Appends appends) {
        this(recordBytes, DEFAULT_SEGMENT_BYTES, description, appends);
    }

    Workload(int recordBytes, int segmentBytes, String description, Appends appends) {
        this.recordBytes = recordBytes;
        this.segmentBytes = segmentBytes;
        this.description = description;
        this.appends = appends;
    }

    /** Returns the name in arguments and files, for example {@code durable-16}. */
    public String argument() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public String description() {
        return description;
    }

    /** Returns the workload of an {@link #argument}. */
    public static Workload of(String argument) {
        return Arrays.stream(values())
                .filter(workload -> workload.argument().equals(argument))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown workload " + argument + "; known: "
                        + Arrays.stream(values()).map(Workload::argument).toList()));
    }

    LogKind.Settings settings() {
        return new LogKind.Settings(segmentBytes, recordBytes, hasCallbacks());
    }

    private boolean hasCallbacks() {
        return switch (this) {
            case ASYNC, RATE_1K, RATE_5K, RATE_20K -> true;
            default -> false;
        };
    }

    int recordBytes() {
        return recordBytes;
    }

    /**
     * Measures a log in an empty directory. First the log grows to its steady state, then a warm-up takes place; neither is
     * counted.
     */
    @SuppressWarnings("try") // a measured log's close() may be interrupted
    Map<Metric, Double> run(Run run) throws Exception {
        try (MeasuredLog log = run.kind().open(run.directory(), settings())) {
            log.grow();
            Load load = new Load(log, recordBytes);
            if (run.warmUpSeconds() > 0) {
                var unused =
                        appends.run(new Run(run.kind(), run.directory(), run.warmUpSeconds(), 0, run.round()), load);
            }
            OptionalLong before = log.rolls();
            Map<Metric, Double> result = appends.run(run, load);
            OptionalLong after = log.rolls();
            if (before.isPresent() && after.isPresent()) {
                result.put(Metric.ROLLS, (double) (after.getAsLong() - before.getAsLong()));
            }
            return result;
        }
    }
}
