package io.veloz.wal.legacy;

/** How an old log is replayed. Immutable. */
public enum LegacyMode {
    /** Restores the correct state and reports every anomaly. */
    DEFAULT("default"),
    /** Restores the same state as the engine of commit 15540e3, including its bugs. */
    LEGACY_A("legacy-a"),
    /** Restores the same state as the engine of commit 2972c847, including its bugs. */
    LEGACY_B("legacy-b");

    private final String commandLineName;

    LegacyMode(String commandLineName) {
        this.commandLineName = commandLineName;
    }

    /** The name of the mode on a command line. */
    public String commandLineName() {
        return commandLineName;
    }
}
