package io.veloz.wal.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The preparation of a segment on the housekeeping thread. */
@Name("io.veloz.wal.SegmentPreparation")
@Label("Segment Preparation")
@Description("The next segment was filled with zeros and forced. The duration includes retries and pauses for commits")
@Category("Veloz WAL")
@StackTrace(false)
public final class PreparationEvent extends Event {
    private static final PreparationEvent TYPE = new PreparationEvent();

    @Label("Log")
    @Description("The directory of the log")
    String log = "";

    @Label("Segment")
    @Description("The number of the segment")
    long segment;

    @Label("Bytes")
    @Description("The size of the segment")
    @DataAmount
    long bytes;

    private PreparationEvent() {}

    static @Nullable PreparationEvent start() {
        if (!TYPE.isEnabled()) {
            return null;
        }
        PreparationEvent event = new PreparationEvent();
        event.begin();
        return event;
    }

    /** Ends the event, and records it. */
    public void end(String directory, long number, long size) {
        log = directory;
        segment = number;
        bytes = size;
        commit();
    }
}
