package io.veloz.wal.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A roll on the commit thread. Its duration is the wait until the next segment is prepared. */
@Name("io.veloz.wal.Roll")
@Label("Roll")
@Description("A roll on the commit thread. The duration is the wait until the next segment is prepared")
@Category("Veloz WAL")
@StackTrace(false)
public final class RollEvent extends Event {
    private static final RollEvent TYPE = new RollEvent();

    @Label("Log")
    @Description("The directory of the log")
    String log = "";

    @Label("Segment")
    @Description("The number of the segment that becomes active")
    long segment;

    private RollEvent() {}

    static @Nullable RollEvent start() {
        if (!TYPE.isEnabled()) {
            return null;
        }
        RollEvent event = new RollEvent();
        event.begin();
        return event;
    }

    /** Ends the event, and records it. */
    public void end(String directory, long number) {
        log = directory;
        segment = number;
        commit();
    }
}
