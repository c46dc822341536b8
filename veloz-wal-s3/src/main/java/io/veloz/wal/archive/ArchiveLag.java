package io.veloz.wal.archive;

import java.util.ArrayList;
import java.util.List;

/**
 * The time since the archive last contained all durable records. It grows
 * while nothing is archived, even if no record is appended. Thread-safe.
 */
final class ArchiveLag {
    private static final int MAX_SAMPLES = 1024;

    private record Sample(long durableSequence, long nanos) {}

    private final List<Sample> samples = new ArrayList<>();
    private long equalAt;

    ArchiveLag(long nowNanos) {
        equalAt = nowNanos;
    }

    /** Adds the last durable record of the log at that time. */
    synchronized void sample(long durableSequence, long nowNanos) {
        int last = samples.size() - 1;
        if (last >= 0 && samples.get(last).durableSequence == durableSequence) {
            // Of equal samples the latest is closest to the time at which the archive was equal.
            samples.set(last, new Sample(durableSequence, nowNanos));
            return;
        }
        samples.add(new Sample(durableSequence, nowNanos));
        if (samples.size() > MAX_SAMPLES) {
            for (int i = samples.size() - 2; i > 0; i -= 2) {
                samples.remove(i);
            }
        }
    }

    /** Returns the lag in nanoseconds; 0 if all durable records are archived. */
    synchronized long nanos(long archivedSequence, long durableSequence, long nowNanos) {
        int covered = 0;
        while (covered < samples.size() && samples.get(covered).durableSequence <= archivedSequence) {
            equalAt = samples.get(covered++).nanos;
        }
        samples.subList(0, covered).clear();
        if (archivedSequence >= durableSequence) {
            equalAt = nowNanos;
        }
        return nowNanos - equalAt;
    }
}
