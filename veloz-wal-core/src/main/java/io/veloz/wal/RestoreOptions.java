package io.veloz.wal;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** Where a restore puts a log, how much of it, and what it may accept. Immutable; every setter returns a changed copy. */
public final class RestoreOptions {
    private static final int MAX_PARALLELISM = 64;

    private final Path directory;
    private long untilSequence = Long.MAX_VALUE;
    private long untilTimeNanos = Long.MAX_VALUE;
    private long atLeast;
    private Optional<String> expectedLogId = Optional.empty();
    private boolean acceptGaps;
    private boolean merge;
    private int parallelism = 8;
    private long bytesPerSecond = Long.MAX_VALUE;
    private RestoreProgress progress = RestoreProgress.NONE;
    private Map<String, String> storeSettings = Map.of();

    private RestoreOptions(Path directory) {
        this.directory = Objects.requireNonNull(directory, "directory");
    }

    private RestoreOptions(RestoreOptions other) {
        this.directory = other.directory;
        this.untilSequence = other.untilSequence;
        this.untilTimeNanos = other.untilTimeNanos;
        this.atLeast = other.atLeast;
        this.expectedLogId = other.expectedLogId;
        this.acceptGaps = other.acceptGaps;
        this.merge = other.merge;
        this.parallelism = other.parallelism;
        this.bytesPerSecond = other.bytesPerSecond;
        this.progress = other.progress;
        this.storeSettings = other.storeSettings;
    }

    /** All of the archive, into a directory that is not there yet, or is empty, or holds what is left of this log. */
    public static RestoreOptions into(Path directory) {
        return new RestoreOptions(directory);
    }

    // ---- what is guaranteed

    /** Ends with that record, or with the last whole atomic group before it. The result is a new log: see the report. */
    public RestoreOptions untilSequence(long value) {
        if (value < 1) {
            throw new IllegalArgumentException("sequence " + value + ": expected 1 or more");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.untilSequence = value;
        return copy;
    }

    /**
     * Ends before the first record, in the order of the sequences, that is later than that time; nanoseconds since 1970. The
     * result is a new log: see the report. A time before the archive's first record is refused, and so is one that is
     * evidently in another unit.
     */
    public RestoreOptions untilTime(long nanos) {
        RestoreOptions copy = new RestoreOptions(this);
        copy.untilTimeNanos = nanos;
        return copy;
    }

    /**
     * As {@link #untilTime(long)}.
     *
     * @throws IllegalArgumentException if the time is not between the years 1678 and 2262
     */
    public RestoreOptions untilTime(Instant time) {
        try {
            return untilTime(Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano()));
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("time " + time + ": expected the years 1678 to 2262", e);
        }
    }

    /**
     * Refuses an archive that ends before that record, with {@link WalRestoreException.Reason#ARCHIVE_TOO_SHORT} and before
     * anything in the directory changes. An archive cannot prove by itself that its newest objects were not deleted: pass the
     * last sequence that is known to be archived.
     */
    public RestoreOptions atLeast(long sequence) {
        if (sequence < 1) {
            throw new IllegalArgumentException("sequence " + sequence + ": expected 1 or more");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.atLeast = sequence;
        return copy;
    }

    /** Refuses the archive of any other log. 32 hex digits. */
    public RestoreOptions expectedLogId(String value) {
        if (!value.matches("[0-9a-f]{32}")) {
            throw new IllegalArgumentException("log id \"" + value + "\": expected 32 hex digits");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.expectedLogId = Optional.of(value);
        return copy;
    }

    /** Restores an archive in which records are missing for ever, too. The result is a new log that declares the loss. */
    public RestoreOptions acceptGaps() {
        RestoreOptions copy = new RestoreOptions(this);
        copy.acceptGaps = true;
        return copy;
    }

    /**
     * Takes a log that is in the directory already, damaged or behind, together with the archive: of each file the one that
     * is whole, and of the end the longer one. A log that has the same records in other files, as after a failover and back,
     * gets the files of the archive, and keeps the records that it has beyond them. The old files are kept in the directory,
     * in "before-restore-1".
     */
    public RestoreOptions merge() {
        RestoreOptions copy = new RestoreOptions(this);
        copy.merge = true;
        return copy;
    }

    // ---- speed only

    /** How many objects are fetched at the same time. 8; each takes some 3 MB of memory. */
    public RestoreOptions parallelism(int value) {
        if (value < 1 || value > MAX_PARALLELISM) {
            throw new IllegalArgumentException("parallelism " + value + ": expected 1 to " + MAX_PARALLELISM);
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.parallelism = value;
        return copy;
    }

    /** How many bytes a second are read from the store at the most. No limit by default. */
    public RestoreOptions bytesPerSecond(long value) {
        if (value < 1) {
            throw new IllegalArgumentException("bytes per second " + value + ": expected 1 or more");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.bytesPerSecond = value;
        return copy;
    }

    /** Who is told how far it is. */
    public RestoreOptions progress(RestoreProgress value) {
        RestoreOptions copy = new RestoreOptions(this);
        copy.progress = Objects.requireNonNull(value, "progress");
        return copy;
    }

    /** A setting of the store, by its name there: endpoint, region. */
    public RestoreOptions storeSetting(String name, String value) {
        RestoreOptions copy = new RestoreOptions(this);
        Map<String, String> settings = new TreeMap<>(storeSettings);
        settings.put(name, value);
        copy.storeSettings = Map.copyOf(settings);
        return copy;
    }

    // ---- for the archive's module

    public Path directory() {
        return directory;
    }

    /** {@link Long#MAX_VALUE} for no limit. */
    public long untilSequence() {
        return untilSequence;
    }

    /** {@link Long#MAX_VALUE} for no limit. */
    public long untilTimeNanos() {
        return untilTimeNanos;
    }

    /** The record that the archive must reach; 0 for no such condition. */
    public long atLeast() {
        return atLeast;
    }

    /** Whether not all of the archive is wanted. */
    public boolean isUpToAPoint() {
        return untilSequence != Long.MAX_VALUE || untilTimeNanos != Long.MAX_VALUE;
    }

    public Optional<String> expectedLogId() {
        return expectedLogId;
    }

    public boolean acceptsGaps() {
        return acceptGaps;
    }

    public boolean merges() {
        return merge;
    }

    public int parallelism() {
        return parallelism;
    }

    /** {@link Long#MAX_VALUE} for no limit. */
    public long bytesPerSecond() {
        return bytesPerSecond;
    }

    public RestoreProgress progress() {
        return progress;
    }

    public Map<String, String> storeSettings() {
        return storeSettings;
    }
}
