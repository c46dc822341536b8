package io.veloz.wal.backup;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The directory of a drill, and which point it recovers. There is no option for a database, a log or a service: a drill
 * makes its own, so it cannot touch those of production. Immutable. Every setter returns a modified copy.
 */
public final class DrillOptions {
    private final Path directory;
    private Map<String, String> storeSettings = Map.of();
    private Optional<Long> point = Optional.empty();
    private boolean keep;

    private DrillOptions(Path directory) {
        this.directory = Objects.requireNonNull(directory, "directory");
    }

    private DrillOptions(DrillOptions other) {
        this.directory = other.directory;
        this.storeSettings = other.storeSettings;
        this.point = other.point;
        this.keep = other.keep;
    }

    /**
     * Recovers into a directory that does not exist or is empty, and removes everything at the end. The profile may name one:
     * {@link BackupProfile#drillDirectory}.
     */
    public static DrillOptions in(Path directory) {
        return new DrillOptions(directory);
    }

    /** Sets the settings of the archive's store: endpoint, region. They may contain secrets. */
    public DrillOptions storeSettings(Map<String, String> value) {
        DrillOptions copy = new DrillOptions(this);
        copy.storeSettings = Map.copyOf(value);
        return copy;
    }

    /** Recovers the point with this number instead of the newest one. */
    public DrillOptions point(long number) {
        DrillOptions copy = new DrillOptions(this);
        copy.point = Optional.of(number);
        return copy;
    }

    /** Leaves everything in the directory. Servers are stopped nevertheless. */
    public DrillOptions keep() {
        DrillOptions copy = new DrillOptions(this);
        copy.keep = true;
        return copy;
    }

    public Path directory() {
        return directory;
    }

    Map<String, String> storeSettings() {
        return storeSettings;
    }

    Optional<Long> point() {
        return point;
    }

    boolean keeps() {
        return keep;
    }

    @Override
    public String toString() {
        return "DrillOptions[directory=" + directory + ", point="
                + point.map(String::valueOf).orElse("newest") + ", keep=" + keep + "]";
    }
}
