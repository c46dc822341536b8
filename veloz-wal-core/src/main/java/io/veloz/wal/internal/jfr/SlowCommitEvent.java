package io.veloz.wal.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** A slow commit, at its end. See {@link io.veloz.wal.SlowCommit}. */
@Name("io.veloz.wal.SlowCommit")
@Label("Slow Commit")
@Description("A commit that took as long as slowCommitThreshold, at its end, and where the time went")
@Category("Veloz WAL")
@StackTrace(false)
public final class SlowCommitEvent extends CommitPhases {
    private static final SlowCommitEvent TYPE = new SlowCommitEvent();

    @Label("Total")
    @Description("The time of the whole commit: the sum of its phases")
    @Timespan
    long total;

    @Label("Garbage Collection")
    @Description("How much of the time garbage collections took at most")
    @Timespan
    long gc;

    private SlowCommitEvent() {}

    static @Nullable SlowCommitEvent create() {
        return TYPE.isEnabled() ? new SlowCommitEvent() : null;
    }

    /** Sets the sums, in nanoseconds. */
    public void setSums(long totalNanos, long gcNanos) {
        total = totalNanos;
        gc = gcNanos;
    }
}
