package io.veloz.wal.internal.jfr;

import io.veloz.wal.RecoveryReport;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The recovery of a log during an open. */
@Name("io.veloz.wal.Recovery")
@Label("Recovery")
@Description("The recovery of a log during an open that succeeded")
@Category("Veloz WAL")
@StackTrace(false)
public final class RecoveryEvent extends Event {
    private static final RecoveryEvent TYPE = new RecoveryEvent();

    @Label("Log")
    @Description("The directory of the log")
    String log = "";

    @Label("Segments")
    @Description("The number of segments with records")
    int segments;

    @Label("Last Sequence")
    long lastSequence;

    @Label("Quarantined Bytes")
    @Description("The bytes of a torn tail, which were cut off and kept in quarantine")
    @DataAmount
    long quarantinedBytes;

    private RecoveryEvent() {}

    static @Nullable RecoveryEvent start() {
        if (!TYPE.isEnabled()) {
            return null;
        }
        RecoveryEvent event = new RecoveryEvent();
        event.begin();
        return event;
    }

    /** Ends the event, and records it. */
    public void end(RecoveryReport report) {
        log = report.directory();
        segments = report.segments().size();
        lastSequence = report.lastSequence();
        quarantinedBytes = report.quarantinedBytes();
        commit();
    }
}
