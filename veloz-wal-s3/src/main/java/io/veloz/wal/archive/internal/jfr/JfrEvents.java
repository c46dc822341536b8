package io.veloz.wal.archive.internal.jfr;

import org.jspecify.annotations.Nullable;

/**
 * The events of an archive in recordings of the JDK Flight Recorder. Thread-safe; an event that has begun belongs to one
 * thread.
 *
 * <p>The module jdk.jfr is optional. Every method returns null if it is missing, or if no recording has enabled the event.
 * The classes of the events are loaded only if the module exists.
 */
public final class JfrEvents {
    private static final boolean AVAILABLE = isAvailable();

    private JfrEvents() {}

    private static boolean isAvailable() {
        // A module that was loaded after the start of the JVM is not readable.
        return ModuleLayer.boot()
                .findModule("jdk.jfr")
                .filter(JfrEvents.class.getModule()::canRead)
                .isPresent();
    }

    /** Begins a put of a shipper. */
    public static @Nullable ShipEvent beginShip() {
        return AVAILABLE ? ShipEvent.start() : null;
    }

    /** Begins a restore. */
    public static @Nullable RestoreEvent beginRestore() {
        return AVAILABLE ? RestoreEvent.start() : null;
    }
}
