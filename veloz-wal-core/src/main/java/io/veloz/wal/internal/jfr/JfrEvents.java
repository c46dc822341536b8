package io.veloz.wal.internal.jfr;

import org.jspecify.annotations.Nullable;

/**
 * The events of a log in recordings of the JDK Flight Recorder. Thread-safe; an event that has begun belongs to one thread.
 *
 * <p>The module jdk.jfr is optional. Every method returns null if it is missing, or if no recording has enabled the event:
 * then it allocates nothing. The classes of the events are loaded only if the module exists.
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

    /** Begins a commit. */
    public static @Nullable CommitEvent beginCommit() {
        return AVAILABLE ? CommitEvent.start() : null;
    }

    /** Returns the event of a slow commit. */
    public static @Nullable SlowCommitEvent slowCommit() {
        return AVAILABLE ? SlowCommitEvent.create() : null;
    }

    /** Begins a roll: the exchange of the active segment for the prepared one. */
    public static @Nullable RollEvent beginRoll() {
        return AVAILABLE ? RollEvent.start() : null;
    }

    /** Begins the preparation of a segment. */
    public static @Nullable PreparationEvent beginPreparation() {
        return AVAILABLE ? PreparationEvent.start() : null;
    }

    /** Begins the seal of a segment. */
    public static @Nullable SealEvent beginSeal() {
        return AVAILABLE ? SealEvent.start() : null;
    }

    /** Begins the recovery of a log. */
    public static @Nullable RecoveryEvent beginRecovery() {
        return AVAILABLE ? RecoveryEvent.start() : null;
    }
}
