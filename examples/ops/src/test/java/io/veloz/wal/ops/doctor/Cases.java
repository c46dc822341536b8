package io.veloz.wal.ops.doctor;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** A usual disk and its figures, of which a test changes one. */
final class Cases {
    static final long MIB = 1024 * 1024;

    private final Map<Series, Latencies> latencies = new EnumMap<>(Series.class);
    private Mount mount = new Mount("254:0", "/", "ext4", "/dev/vda", List.of("rw", "relatime"));
    private List<BlockDevice> disks = List.of(new BlockDevice("nvme0n1", "Fast", "write back", false, "none"));
    private Space space = new Space(100L << 30, 200L << 30, 1_000_000);
    private Processors processors = new Processors(4, OptionalDouble.empty());
    private List<String> openLogs = List.of();
    private long fillRate = 1000 * MIB;

    static Cases usual() {
        Cases cases = new Cases();
        for (Series series : Series.values()) {
            cases.nanos(series, 100_000);
        }
        return cases.nanos(Series.UNFORCED_4K, 3_000)
                .nanos(Series.SPARSE_4K, 150_000)
                .nanos(Series.FORCED_BATCH, 2_000_000)
                .nanos(Series.RENAME, 10_000)
                .nanos(Series.PARK_OVERSHOOT, 60_000)
                .nanos(Series.UNPARK, 20_000);
    }

    /** Sets all percentiles of a series. */
    Cases nanos(Series series, long nanos) {
        return set(series, new Latencies(10_000, nanos, nanos, nanos, nanos, nanos));
    }

    Cases set(Series series, Latencies value) {
        latencies.put(series, value);
        return this;
    }

    Cases mount(String type, String... options) {
        mount = new Mount("254:0", "/data", type, "/dev/vda", List.of(options));
        return this;
    }

    Cases disk(BlockDevice disk) {
        disks = List.of(disk);
        return this;
    }

    Cases space(Space value) {
        space = value;
        return this;
    }

    Cases processors(Processors value) {
        processors = value;
        return this;
    }

    Cases openLogs(String... prefixes) {
        openLogs = List.of(prefixes);
        return this;
    }

    Cases fillRate(long bytesPerSecond) {
        fillRate = bytesPerSecond;
        return this;
    }

    Facts facts() {
        Host host = new Host("Linux 6", "JVM 17", 1L << 30, 8L << 30, 4L << 30, processors);
        return new Facts(Path.of("/data"), mount, disks, space, host, openLogs);
    }

    Measured measured() {
        return new Measured(latencies, new Rates(fillRate, 4000 * MIB, 8000 * MIB), 1L << 29, Duration.ofSeconds(10));
    }

    Findings findings() {
        return Findings.of(facts(), measured());
    }

    /** Returns the finding with a code, which must exist once. */
    Finding finding(String code) {
        List<Finding> found = findings().list().stream()
                .filter(finding -> finding.code().equals(code))
                .toList();
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " findings " + code + " in " + codes());
        }
        return found.get(0);
    }

    List<String> codes() {
        return findings().list().stream().map(Finding::code).toList();
    }
}
