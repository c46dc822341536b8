package io.veloz.wal.internal.jfr;

import java.util.function.Supplier;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * The events of a log in recordings of the JDK Flight Recorder. Thread-safe; an event that has begun belongs to one thread.
 *
 * <p>The module jdk.jfr is optional. Every method that begins an event returns null if the module is missing, if the Flight
 * Recorder was never started, or if no recording has enabled the event: then it allocates nothing and loads no event class,
 * which takes the JVM some 100 ms. An event that fails ends the events of the process, and nothing else.
 */
public final class JfrEvents {
    private static volatile boolean usable = isAvailable();

    private JfrEvents() {}

    private static boolean isAvailable() {
        try {
            Class<?> recorder = Class.forName("jdk.jfr.FlightRecorder", false, JfrEvents.class.getClassLoader());
            // A module that was loaded after the start of the JVM is not readable.
            return JfrEvents.class.getModule().canRead(recorder.getModule());
        } catch (Throwable t) {
            // Missing, or hidden by the class loader of the application.
            return false;
        }
    }

    /** Called before anything that loads the class of an event. */
    private static boolean isOn() {
        return usable && FlightRecorder.isInitialized();
    }

    private static <T> @Nullable T begin(Supplier<@Nullable T> start) {
        try {
            return start.get();
        } catch (Throwable t) {
            usable = false;
            return null;
        }
    }

    /** Ends and records an event that has begun. Throws nothing. */
    public static void record(Runnable end) {
        try {
            end.run();
        } catch (Throwable t) {
            usable = false;
        }
    }

    /** Begins a commit. */
    public static @Nullable CommitEvent beginCommit() {
        return isOn() ? begin(CommitEvent::start) : null;
    }

    /** Returns the event of a slow commit. */
    public static @Nullable SlowCommitEvent slowCommit() {
        return isOn() ? begin(SlowCommitEvent::create) : null;
    }

    /** Begins a roll: the exchange of the active segment for the prepared one. */
    public static @Nullable RollEvent beginRoll() {
        return isOn() ? begin(RollEvent::start) : null;
    }

    /** Begins the preparation of a segment. */
    public static @Nullable PreparationEvent beginPreparation() {
        return isOn() ? begin(PreparationEvent::start) : null;
    }

    /** Begins the seal of a segment. */
    public static @Nullable SealEvent beginSeal() {
        return isOn() ? begin(SealEvent::start) : null;
    }

    /** Begins the recovery of a log. */
    public static @Nullable RecoveryEvent beginRecovery() {
        return isOn() ? begin(RecoveryEvent::start) : null;
    }
}
