package io.veloz.wal.legacy;

/** What a replay of an old log is to find. Immutable. */
public enum LegacyMode {
    /** What was really true, with every doubtful place reported. */
    DEFAULT("default"),
    /** What the engine of commit 15540e3 restores, mistakes included. */
    LEGACY_A("legacy-a"),
    /** What the engine of commit 2972c847 restores, mistakes included. */
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
