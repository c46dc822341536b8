package io.veloz.wal.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A commit of one batch of records. Its duration begins when the batch is taken, so it excludes the time in the queue. */
@Name("io.veloz.wal.Commit")
@Label("Commit")
@Description("A commit of one batch of records. The duration excludes the time in the queue")
@Category("Veloz WAL")
@StackTrace(false)
@Enabled(false)
public final class CommitEvent extends CommitPhases {
    /** Never committed. It states whether a recording has enabled the event, without an allocation. */
    private static final CommitEvent TYPE = new CommitEvent();

    private CommitEvent() {}

    static @Nullable CommitEvent start() {
        if (!TYPE.isEnabled()) {
            return null;
        }
        CommitEvent event = new CommitEvent();
        event.begin();
        return event;
    }
}
