package io.veloz.wal.ops.doctor;

import java.time.Duration;
import java.util.List;

/**
 * The settings of {@code WalConfig} that suit a disk. Immutable. They change speed only; the durability is the choice of
 * the application.
 *
 * @param slowCommitThreshold the time from which on a commit is reported as slow
 */
public record Settings(
        long segmentBytes,
        int maxBatchBytes,
        int bufferBytes,
        Duration forceInterval,
        Duration heartbeatDelay,
        Duration slowCommitThreshold,
        List<Advice> advice) {
    private static final long MIB = 1024 * 1024;

    static final long DEFAULT_SEGMENT_BYTES = 64 * MIB;
    private static final long MIN_SEGMENT_BYTES = 16 * MIB;
    private static final long MAX_SEGMENT_BYTES = 1024 * MIB;
    private static final int DEFAULT_BUFFER_BYTES = (int) (8 * MIB);
    private static final int MAX_BUFFER_BYTES = (int) (128 * MIB);
    private static final int MIN_BATCH_BYTES = 64 * 1024;

    /** Rolls take at most this share of the time at full load. */
    private static final int ROLL_SHARE = 100;

    /** A segment is filled within this time. */
    private static final int FILL_SECONDS = 4;

    private static final long LONGEST_BATCH_NANOS = 10_000_000;

    /**
     * One setting.
     *
     * @param code the call on the builder
     */
    public record Advice(String name, String code, String reason) {}

    public Settings {
        advice = List.copyOf(advice);
    }

    /** Derives the settings from figures. */
    public static Settings of(Measured measured) {
        long segment = segmentBytes(measured);
        int batch = maxBatchBytes(measured);
        int buffer = bufferBytes(measured, batch);
        long p99 = measured.of(Series.FORCED_4K).p99();
        Duration interval = rounded(Math.max(1_000_000, 4 * p99));
        Duration heartbeat = rounded(Math.max(50_000_000, 10 * p99));
        long usual =
                Math.max(rareNanos(measured), measured.of(Series.DURING_FILL).p99());
        Duration slow = rounded(Math.max(1_000_000, 3 * usual));
        List<Advice> advice = List.of(
                segmentAdvice(segment, measured),
                batchAdvice(batch, measured),
                bufferAdvice(buffer, measured),
                new Advice(
                        "forceInterval",
                        ".forceInterval(" + java(interval) + ")",
                        "or longer, for LOSE_LAST_INTERVAL: 4 times the p99 of a force, " + Quantity.nanos(p99)),
                new Advice(
                        "heartbeatDelay",
                        ".heartbeatDelay(" + java(heartbeat) + ")",
                        "10 times the p99 of a force, at least the default"),
                new Advice(
                        "slowCommitThreshold",
                        ".slowCommitThreshold(" + java(slow) + ")",
                        "3 times " + rareName(measured) + " or its p99 during a fill, " + Quantity.nanos(usual)
                                + ": report commits that take longer"));
        return new Settings(segment, batch, buffer, interval, heartbeat, slow, advice);
    }

    private static Advice batchAdvice(int batch, Measured measured) {
        return new Advice(
                "maxBatchBytes",
                ".maxBatchBytes(" + batch / 1024 + " * 1024)",
                "a full batch is durable within "
                        + Quantity.nanos(GroupCommit.of(measured).forceNanos(batch)) + " (p50)");
    }

    private static Advice bufferAdvice(int buffer, Measured measured) {
        return new Advice(
                "bufferBytes",
                ".bufferBytes(" + buffer / MIB + " << 20)",
                "what full batches write in " + Quantity.nanos(rareNanos(measured)) + ", " + rareName(measured));
    }

    private static Advice segmentAdvice(long segment, Measured measured) {
        return new Advice(
                "segmentBytes",
                ".segmentBytes(" + segment / MIB + "L << 20)",
                "filled in "
                        + Quantity.nanos((long)
                                (segment * 1e9 / Math.max(1, measured.rates().fill()))) + "; a roll takes "
                        + Quantity.nanos(SpeedRules.rollNanos(measured)) + " (p99)");
    }

    private static long segmentBytes(Measured measured) {
        // The medians, because this is about the sum of many rolls.
        double rollSeconds = (measured.of(Series.RENAME).p50()
                        + measured.of(Series.DIRECTORY_FORCE).p50())
                / 1e9;
        long least = (long) (ROLL_SHARE * rollSeconds * measured.batchRate());
        long most = FILL_SECONDS * measured.rates().fill();
        long wanted = Math.min(Math.max(DEFAULT_SEGMENT_BYTES, least), most);
        long power = Long.highestOneBit(Math.max(1, wanted));
        if (power < wanted && 2 * power <= most) {
            power *= 2;
        }
        return Math.max(MIN_SEGMENT_BYTES, Math.min(MAX_SEGMENT_BYTES, power));
    }

    private static int maxBatchBytes(Measured measured) {
        GroupCommit commits = GroupCommit.of(measured);
        int bytes = Measured.BATCH_BYTES;
        // A batch that takes not much longer than any force is not the reason for the delay.
        long longest = Math.max(LONGEST_BATCH_NANOS, 2 * commits.forceNanos(1));
        while (bytes > MIN_BATCH_BYTES && commits.forceNanos(bytes) > longest) {
            bytes /= 2;
        }
        return bytes;
    }

    private static int bufferBytes(Measured measured, int batch) {
        double wanted = measured.batchRate() / 1e9 * rareNanos(measured);
        int bytes = Math.max(DEFAULT_BUFFER_BYTES, 2 * batch);
        while (bytes < wanted && bytes < MAX_BUFFER_BYTES) {
            bytes *= 2;
        }
        return bytes;
    }

    private static long rareNanos(Measured measured) {
        return measured.of(Series.FORCED_4K).p999();
    }

    private static String rareName(Measured measured) {
        return measured.of(Series.FORCED_4K).hasP999() ? "the p99.9 of a force" : "the longest force";
    }

    /** Rounds up to 1, 2 or 5 times a power of ten. */
    private static Duration rounded(long nanos) {
        long power = 1;
        while (true) {
            for (long factor : new long[] {1, 2, 5}) {
                if (factor * power >= nanos) {
                    return Duration.ofNanos(factor * power);
                }
            }
            power *= 10;
        }
    }

    private static String java(Duration duration) {
        return "Duration.ofMillis(" + duration.toMillis() + ")";
    }
}
