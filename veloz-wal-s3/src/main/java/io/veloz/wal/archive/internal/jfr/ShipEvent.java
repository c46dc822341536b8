package io.veloz.wal.archive.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** One put of a shipper: a slot, an object of a segment or checkpoint, or another object of the archive. */
@Name("io.veloz.wal.Ship")
@Label("Ship")
@Description("One put of a shipper: a slot, an object of a segment or checkpoint, or another object of the archive")
@Category("Veloz WAL")
@StackTrace(false)
public final class ShipEvent extends Event {
    /** Never committed. It states whether a recording has enabled the event, without an allocation. */
    private static final ShipEvent TYPE = new ShipEvent();

    @Label("Archive")
    @Description("The URI of the archive")
    String archive = "";

    @Label("Key")
    @Description("The key of the object")
    String key = "";

    @Label("Bytes")
    @Description("The size of the object")
    @DataAmount
    long bytes;

    @Label("Created")
    @Description("Whether the store confirmed that it created the object. If not, the object exists or the put failed")
    boolean created;

    private ShipEvent() {}

    static @Nullable ShipEvent start() {
        if (!TYPE.isEnabled()) {
            return null;
        }
        ShipEvent event = new ShipEvent();
        event.begin();
        return event;
    }

    /** Ends the event, and records it. */
    public void end(String store, String object, long size, boolean isCreated) {
        archive = store;
        key = object;
        bytes = size;
        created = isCreated;
        commit();
    }
}
