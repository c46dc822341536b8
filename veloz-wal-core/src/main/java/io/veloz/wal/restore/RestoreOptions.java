package io.veloz.wal.restore;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.internal.EpochNanos;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** The target of a restore, its end point, and what it accepts. Immutable. Every setter returns a modified copy. */
public final class RestoreOptions {
    private static final int MAX_PARALLELISM = 64;

    private final Path directory;
    private long untilSequence = Long.MAX_VALUE;
    private long untilTimeNanos = Long.MAX_VALUE;
    private long atLeast;
    private Optional<String> expectedLogId = Optional.empty();
    private boolean acceptGaps;
    private boolean merge;
    private boolean fromCheckpoint;
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
        this.fromCheckpoint = other.fromCheckpoint;
        this.parallelism = other.parallelism;
        this.bytesPerSecond = other.bytesPerSecond;
        this.progress = other.progress;
        this.storeSettings = other.storeSettings;
    }

    /**
     * Restores the whole archive into a directory that does not exist, is empty, or has an unfinished restore of this
     * log.
     */
    public static RestoreOptions into(Path directory) {
        return new RestoreOptions(directory);
    }

    // ---- what is guaranteed

    /**
     * Ends with that record, or with the last complete atomic group before it. The result is a new log: see the report.
     */
    public RestoreOptions untilSequence(long value) {
        if (value < 1) {
            throw new IllegalArgumentException("sequence " + value + ": expected 1 or more");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.untilSequence = value;
        return copy;
    }

    /**
     * Ends before the first record, in the order of the sequences, with a timestamp after this time, in nanoseconds since
     * 1970 (point-in-time recovery). The result is a new log: see the report. A time before the archive's first record is
     * rejected, as is a time that is obviously in another unit.
     */
    public RestoreOptions untilTime(long nanos) {
        RestoreOptions copy = new RestoreOptions(this);
        copy.untilTimeNanos = nanos;
        return copy;
    }

    /**
     * Ends before the first record after this time. See {@link #untilTime(long)}.
     *
     * @throws IllegalArgumentException if the time in nanoseconds since 1970 does not fit into a long
     */
    public RestoreOptions untilTime(Instant time) {
        return untilTime(EpochNanos.of(time));
    }

    /**
     * Refuses an archive that ends before this record, with {@link WalRestoreException.Reason#ARCHIVE_TOO_SHORT} and
     * before anything in the directory changes. An archive alone cannot prove that its newest objects were not deleted,
     * so pass the last sequence that is known to be archived.
     */
    public RestoreOptions atLeast(long sequence) {
        if (sequence < 1) {
            throw new IllegalArgumentException("sequence " + sequence + ": expected 1 or more");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.atLeast = sequence;
        return copy;
    }

    /** Refuses the archive of any log but this one. The id is 32 hex digits. */
    public RestoreOptions expectedLogId(String value) {
        if (!value.matches("[0-9a-f]{32}")) {
            throw new IllegalArgumentException("log id \"" + value + "\": expected 32 hex digits");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.expectedLogId = Optional.of(value);
        return copy;
    }

    /** Also restores an archive with lost records. The result is a new log that declares the loss. */
    public RestoreOptions acceptGaps() {
        RestoreOptions copy = new RestoreOptions(this);
        copy.acceptGaps = true;
        return copy;
    }

    /**
     * Merges the archive with the damaged or older log that is already in the directory. Of each file, the undamaged
     * copy is used, and of the two ends the longer one. If the log has the same records in different files, as after a
     * failover and failback, the files of the archive replace its own, and it keeps the records after them. The old
     * files are kept in the subdirectory "before-restore-1".
     */
    public RestoreOptions merge() {
        RestoreOptions copy = new RestoreOptions(this);
        copy.merge = true;
        return copy;
    }

    /**
     * Restores the newest whole checkpoint and the records after it, so that the time follows the state and not the history. The
     * log opens, appends and ships like one that was trimmed up to that checkpoint. The segments before it stay in the archive,
     * from where they can be filled in later: see {@link RestorePlan#leftSegments}. Without a checkpoint in the archive everything
     * is restored. Only for the whole archive, and a directory without a log: not with {@link #untilSequence}, {@link
     * #untilTime(long)}, {@link #acceptGaps} and {@link #merge}.
     */
    public RestoreOptions fromCheckpoint() {
        RestoreOptions copy = new RestoreOptions(this);
        copy.fromCheckpoint = true;
        return copy;
    }

    // ---- speed only

    /**
     * Sets how many requests fetch objects concurrently. Large objects are fetched in ranges if there are fewer objects. Each needs
     * up to 7 MB of memory. Default: 8.
     */
    public RestoreOptions parallelism(int value) {
        if (value < 1 || value > MAX_PARALLELISM) {
            throw new IllegalArgumentException("parallelism " + value + ": expected 1 to " + MAX_PARALLELISM);
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.parallelism = value;
        return copy;
    }

    /** Limits the bytes per second that are read from the store. Default: no limit. */
    public RestoreOptions bytesPerSecond(long value) {
        if (value < 1) {
            throw new IllegalArgumentException("bytes per second " + value + ": expected 1 or more");
        }
        RestoreOptions copy = new RestoreOptions(this);
        copy.bytesPerSecond = value;
        return copy;
    }

    /** Sets the receiver of progress. Default: none. */
    public RestoreOptions progress(RestoreProgress value) {
        RestoreOptions copy = new RestoreOptions(this);
        copy.progress = Objects.requireNonNull(value, "progress");
        return copy;
    }

    /** Sets a setting of the store, by the name that the store uses: endpoint, region. */
    public RestoreOptions storeSetting(String name, String value) {
        RestoreOptions copy = new RestoreOptions(this);
        Map<String, String> settings = new TreeMap<>(storeSettings);
        settings.put(name, value);
        copy.storeSettings = Map.copyOf(settings);
        return copy;
    }

    // ---- for the archive's module

    /** Returns the target directory. */
    public Path directory() {
        return directory;
    }

    /** Returns the sequence to end with; {@link Long#MAX_VALUE} for no limit. */
    public long untilSequence() {
        return untilSequence;
    }

    /** Returns the time to end with, in nanoseconds since 1970; {@link Long#MAX_VALUE} for no limit. */
    public long untilTimeNanos() {
        return untilTimeNanos;
    }

    /** Returns the record that the archive must reach; 0 for no such condition. */
    public long atLeast() {
        return atLeast;
    }

    /** Returns whether only a part of the archive is restored, up to a sequence or a time. */
    public boolean isUpToAPoint() {
        return untilSequence != Long.MAX_VALUE || untilTimeNanos != Long.MAX_VALUE;
    }

    /** Returns the id of the only log to accept; empty for any. */
    public Optional<String> expectedLogId() {
        return expectedLogId;
    }

    /** Returns whether an archive with lost records is restored. */
    public boolean acceptsGaps() {
        return acceptGaps;
    }

    /** Returns whether the archive is merged with the log in the directory. */
    public boolean merges() {
        return merge;
    }

    /** Returns whether only the newest checkpoint and what follows it is restored. */
    public boolean beginsAtCheckpoint() {
        return fromCheckpoint;
    }

    /** Returns how many objects are fetched concurrently. */
    public int parallelism() {
        return parallelism;
    }

    /** Returns the limit of bytes per second; {@link Long#MAX_VALUE} for none. */
    public long bytesPerSecond() {
        return bytesPerSecond;
    }

    /** Returns the receiver of progress. */
    public RestoreProgress progress() {
        return progress;
    }

    /** Returns the settings of the store. They may contain secrets. */
    public Map<String, String> storeSettings() {
        return storeSettings;
    }

    /** Returns the options in one line. Of the store settings it has the names only, as their values may be secret. */
    @Override
    public String toString() {
        return "RestoreOptions[directory=" + directory + ", untilSequence="
                + (untilSequence == Long.MAX_VALUE ? "none" : untilSequence) + ", untilTime="
                + (untilTimeNanos == Long.MAX_VALUE ? "none" : EpochNanos.toInstant(untilTimeNanos)) + ", atLeast="
                + atLeast + ", expectedLogId=" + expectedLogId.orElse("any") + ", acceptGaps=" + acceptGaps + ", merge="
                + merge + ", fromCheckpoint=" + fromCheckpoint + ", parallelism=" + parallelism + ", bytesPerSecond="
                + (bytesPerSecond == Long.MAX_VALUE ? "unlimited" : bytesPerSecond) + ", storeSettings="
                + new TreeSet<>(storeSettings.keySet()) + "]";
    }
}
