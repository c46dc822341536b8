package io.veloz.wal.archive.internal.jfr;

import io.veloz.wal.restore.RestoreReport;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A restore that succeeded. */
@Name("io.veloz.wal.Restore")
@Label("Restore")
@Description("A restore of a log from an archive that succeeded")
@Category("Veloz WAL")
@StackTrace(false)
public final class RestoreEvent extends Event {
    private static final RestoreEvent TYPE = new RestoreEvent();

    @Label("Archive")
    @Description("The URI of the archive")
    String archive = "";

    @Label("Log")
    @Description("The directory of the log")
    String log = "";

    @Label("Outcome")
    String outcome = "";

    @Label("Last Sequence")
    long lastSequence;

    @Label("Records")
    @Description("The number of records of the log")
    long records;

    @Label("Fetched Bytes")
    @Description("The bytes that were downloaded")
    @DataAmount
    long fetchedBytes;

    private RestoreEvent() {}

    static @Nullable RestoreEvent start() {
        if (!TYPE.isEnabled()) {
            return null;
        }
        RestoreEvent event = new RestoreEvent();
        event.begin();
        return event;
    }

    /** Ends the event, and records it. */
    public void end(String store, RestoreReport report) {
        archive = store;
        log = report.directory().toString();
        outcome = report.outcome().name();
        lastSequence = report.lastSequence();
        records = report.records();
        fetchedBytes = report.fetchedBytes();
        commit();
    }
}
