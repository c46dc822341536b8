package io.veloz.wal.legacy;

import java.nio.file.Path;

/** The result of an import of an old log. Immutable. */
public final class LegacyImportReport {
    private final Path directory;
    private final long records;
    private final LegacyReplay replay;

    LegacyImportReport(Path directory, long records, LegacyReplay replay) {
        this.directory = directory;
        this.records = records;
        this.replay = replay;
    }

    /** The directory of the new log. */
    public Path directory() {
        return directory;
    }

    /** The number of records in the new log: one for each applied event. */
    public long records() {
        return records;
    }

    /** The replay of the old log, with its orders and findings. */
    public LegacyReplay replay() {
        return replay;
    }

    @Override
    public String toString() {
        return "LegacyImportReport[directory=" + directory + ", records=" + records + ", findings="
                + replay.findingCounts() + "]";
    }
}
