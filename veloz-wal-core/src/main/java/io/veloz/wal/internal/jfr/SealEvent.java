package io.veloz.wal.internal.jfr;

import io.veloz.wal.SegmentReport;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The seal of a segment on the housekeeping thread. */
@Name("io.veloz.wal.Seal")
@Label("Seal")
@Description("A segment received its footer and its final name. The duration includes retries while the disk is full")
@Category("Veloz WAL")
@StackTrace(false)
public final class SealEvent extends Event {
    private static final SealEvent TYPE = new SealEvent();

    @Label("Log")
    @Description("The directory of the log")
    String log = "";

    @Label("Segment")
    @Description("The number of the segment")
    long segment;

    @Label("First Sequence")
    long firstSequence;

    @Label("Last Sequence")
    long lastSequence;

    @Label("Bytes")
    @Description("The size of the sealed file")
    @DataAmount
    long bytes;

    private SealEvent() {}

    static @Nullable SealEvent start() {
        if (!TYPE.isEnabled()) {
            return null;
        }
        SealEvent event = new SealEvent();
        event.begin();
        return event;
    }

    /** Ends the event, and records it. */
    public void end(String directory, SegmentReport sealed) {
        log = directory;
        segment = sealed.number();
        firstSequence = sealed.firstSequence();
        lastSequence = sealed.lastSequence();
        bytes = sealed.fileBytes();
        commit();
    }
}
