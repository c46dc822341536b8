package io.veloz.wal.ops.doctor;

import java.util.ArrayList;
import java.util.List;

/** Findings on the speed of the disk. Stateless. */
final class SpeedRules {
    static final long SLOW_FORCE_NANOS = 5_000_000;
    static final int LONG_TAIL = 20;

    /** Zero-filled blocks save time from this ratio of the medians on. */
    static final double USEFUL_FILL = 1.2;

    static final int DISTURBED = 3;
    static final long SLOW_ROLL_NANOS = 50_000_000;

    private SpeedRules() {}

    static List<Finding> apply(Measured measured) {
        List<Finding> findings = new ArrayList<>();
        force(measured, findings);
        preallocation(measured, findings);
        preparation(measured, findings);
        roll(measured, findings);
        return findings;
    }

    private static void force(Measured measured, List<Finding> findings) {
        Latencies forced = measured.of(Series.FORCED_4K);
        if (forced.p50() >= SLOW_FORCE_NANOS) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "force_is_slow",
                    "a write of 4 KiB with force takes " + Quantity.nanos(forced.p50())
                            + " (p50): one thread appends at" + " most "
                            + Quantity.count(GroupCommit.of(measured).perSecond(1)) + " durable records/s",
                    "append from several threads or with appendAsync, which share a force; use LOSE_LAST_INTERVAL for"
                            + " records that may be lost; or use a disk with power-loss protection"));
        }
        if (forced.p999() >= LONG_TAIL * Math.max(1, forced.p50()) && forced.hasP999()) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "force_has_a_long_tail",
                    "one of 1,000 forces takes " + Quantity.nanos(forced.p999()) + " or longer, and the median "
                            + Quantity.nanos(forced.p50()),
                    "look for other load on this disk, and repeat with --seconds 60"));
        }
        if (!forced.hasP999()) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "few_samples",
                    "the percentiles are from " + Quantity.count(forced.count())
                            + " writes of 4 KiB, too few for p99.9 (1,000)",
                    "repeat with more --seconds"));
        }
    }

    private static void preallocation(Measured measured, List<Finding> findings) {
        long zeros = measured.of(Series.FORCED_4K).p50();
        long sparse = measured.of(Series.SPARSE_4K).p50();
        double ratio = (double) sparse / Math.max(1, zeros);
        boolean useful = ratio >= USEFUL_FILL;
        findings.add(new Finding(
                useful ? Severity.OK : Severity.NOTE,
                useful ? "zeros_help" : "zeros_do_not_help",
                "a write of 4 KiB with force takes " + Quantity.nanos(zeros) + " in a zero-filled file, and "
                        + Quantity.nanos(sparse) + " in a sparse one (" + Quantity.ratio(ratio) + " times)",
                useful
                        ? ""
                        : "the zeros that the log writes into each segment in advance save little on this file system; the"
                                + " log has no setting for this"));
    }

    private static void preparation(Measured measured, List<Finding> findings) {
        long fill = measured.rates().fill();
        long batches = measured.batchRate();
        if (fill < batches) {
            findings.add(new Finding(
                    Severity.NOTE,
                    "preparation_is_slower_than_commits",
                    "zeros are written at " + Quantity.rate(fill) + ", and full batches at " + Quantity.rate(batches)
                            + ": at full load for longer than a segment, appends wait for the next segment",
                    "keep the sustained load below half of " + Quantity.rate(fill)
                            + "; a burst of up to segmentBytes does not wait"));
        } else {
            findings.add(new Finding(
                    Severity.OK,
                    "preparation_keeps_up",
                    "zeros are written at " + Quantity.rate(fill) + ", and full batches at " + Quantity.rate(batches),
                    ""));
        }
        Latencies alone = measured.of(Series.FORCED_4K);
        Latencies during = measured.of(Series.DURING_FILL);
        if (during.p99() >= DISTURBED * Math.max(1, alone.p99())) {
            findings.add(
                    new Finding(
                            Severity.NOTE,
                            "fill_disturbs_commits",
                            "while a file is filled at full speed, p99 of a write of 4 KiB with force is "
                                    + Quantity.nanos(during.p99()) + ", otherwise " + Quantity.nanos(alone.p99()),
                            "the log fills slowly while there is time, which a burst of more than segmentBytes does not leave"));
        }
    }

    private static void roll(Measured measured, List<Finding> findings) {
        long cost = rollNanos(measured);
        findings.add(new Finding(
                cost >= SLOW_ROLL_NANOS ? Severity.NOTE : Severity.OK,
                cost >= SLOW_ROLL_NANOS ? "roll_is_slow" : "roll_is_fast",
                "a rename and a force of the directory, which each new segment needs, take " + Quantity.nanos(cost)
                        + " (p99)",
                cost >= SLOW_ROLL_NANOS ? "use larger segments: see segmentBytes" : ""));
    }

    /** Returns the time of a rename and a force of the directory (p99). */
    static long rollNanos(Measured measured) {
        return measured.of(Series.RENAME).p99()
                + measured.of(Series.DIRECTORY_FORCE).p99();
    }
}
