package io.veloz.wal.archive.internal.ship;

import java.util.ArrayList;
import java.util.List;

/**
 * How long ago the archive held all that was durable. It grows while the archive stands still, whether the log goes on or
 * not. Any thread may call any method.
 */
public final class Lag {
    private static final int MOST_SAMPLES = 1024;

    private record Sample(long durableSequence, long nanos) {}

    private final List<Sample> samples = new ArrayList<>();
    private long equalAt;

    public Lag(long nowNanos) {
        equalAt = nowNanos;
    }

    /** The log was durable up to that record, at that time. */
    public synchronized void sample(long durableSequence, long nowNanos) {
        int last = samples.size() - 1;
        if (last >= 0 && samples.get(last).durableSequence == durableSequence) {
            // Of equal ones the latest says most about when the archive was equal.
            samples.set(last, new Sample(durableSequence, nowNanos));
            return;
        }
        samples.add(new Sample(durableSequence, nowNanos));
        if (samples.size() > MOST_SAMPLES) {
            for (int i = samples.size() - 2; i > 0; i -= 2) {
                samples.remove(i);
            }
        }
    }

    /** In nanoseconds; 0 if everything durable is archived. */
    public synchronized long nanos(long archivedSequence, long durableSequence, long nowNanos) {
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
