package io.veloz.wal;

import io.veloz.wal.internal.EpochNanos;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The log and the range that a {@link WalReader} reads. Immutable. Every setter returns a modified copy. */
public final class ReadOptions {
    final @Nullable Path directory;
    final @Nullable Storage storage;
    String prefix = "orders";
    long fromSequence;
    long fromTimeNanos = Long.MIN_VALUE;
    long untilSequence = Long.MAX_VALUE;
    long untilTimeNanos = Long.MAX_VALUE;
    boolean salvage;
    boolean acceptMissingEnds;

    private ReadOptions(@Nullable Path directory, @Nullable Storage storage) {
        this.directory = directory;
        this.storage = storage;
    }

    private ReadOptions(ReadOptions other) {
        this(other.directory, other.storage);
        this.prefix = other.prefix;
        this.fromSequence = other.fromSequence;
        this.fromTimeNanos = other.fromTimeNanos;
        this.untilSequence = other.untilSequence;
        this.untilTimeNanos = other.untilTimeNanos;
        this.salvage = other.salvage;
        this.acceptMissingEnds = other.acceptMissingEnds;
    }

    /** Returns options for all records of the log in a directory. Damage is reported with an exception. */
    public static ReadOptions of(Path directory) {
        return new ReadOptions(Objects.requireNonNull(directory, "directory"), null);
    }

    /** Returns options for all records of the log with this configuration. Damage is reported with an exception. */
    public static ReadOptions of(WalConfig config) {
        return of(config.openStorage()).prefix(config.prefix()).acceptMissingEnds(config.acceptMissingEnds());
    }

    /** Returns options for all records of the log in a custom storage. Damage is reported with an exception. */
    public static ReadOptions of(Storage storage) {
        return new ReadOptions(null, Objects.requireNonNull(storage, "storage"));
    }

    /** Sets the prefix of the log's file names. Default: "orders". */
    public ReadOptions prefix(String value) {
        var unused = new SegmentNames(value);
        ReadOptions copy = new ReadOptions(this);
        copy.prefix = value;
        return copy;
    }

    /** Starts with this record, which must not have been trimmed. Default: the oldest record. */
    public ReadOptions fromSequence(long value) {
        ReadOptions copy = new ReadOptions(this);
        copy.fromSequence = checkSequence(value);
        return copy;
    }

    /**
     * Starts with the first record, in the order of the sequences, whose timestamp is at or after this time, in
     * nanoseconds since 1970.
     */
    public ReadOptions fromTime(long nanos) {
        ReadOptions copy = new ReadOptions(this);
        copy.fromTimeNanos = nanos;
        return copy;
    }

    /**
     * Starts with the first record at or after this time. See {@link #fromTime(long)}.
     *
     * @throws IllegalArgumentException if the time in nanoseconds since 1970 does not fit into a long
     */
    public ReadOptions fromTime(Instant time) {
        return fromTime(EpochNanos.of(time));
    }

    /** Ends with this record. */
    public ReadOptions untilSequence(long value) {
        ReadOptions copy = new ReadOptions(this);
        copy.untilSequence = checkSequence(value);
        return copy;
    }

    /**
     * Ends before the first record, in the order of the sequences, whose timestamp is after this time, in nanoseconds
     * since 1970.
     */
    public ReadOptions untilTime(long nanos) {
        ReadOptions copy = new ReadOptions(this);
        copy.untilTimeNanos = nanos;
        return copy;
    }

    /**
     * Ends before the first record after this time. See {@link #untilTime(long)}.
     *
     * @throws IllegalArgumentException if the time in nanoseconds since 1970 does not fit into a long
     */
    public ReadOptions untilTime(Instant time) {
        return untilTime(EpochNanos.of(time));
    }

    /** Skips damaged and missing records and reports every lost range, instead of throwing. */
    public ReadOptions salvage() {
        ReadOptions copy = new ReadOptions(this);
        copy.salvage = true;
        return copy;
    }

    /** Accepts a log whose beginning or end is missing: see {@link WalConfig.Builder#acceptMissingEnds}. */
    public ReadOptions acceptMissingEnds(boolean value) {
        ReadOptions copy = new ReadOptions(this);
        copy.acceptMissingEnds = value;
        return copy;
    }

    private static long checkSequence(long value) {
        if (value < 1) {
            throw new IllegalArgumentException("sequence " + value + ": expected 1 or more");
        }
        return value;
    }

    Storage openStorage() {
        return storage != null ? storage : DiskStorage.open(Objects.requireNonNull(directory));
    }

    /** Returns the options in one line. */
    @Override
    public String toString() {
        return "ReadOptions[directory=" + (storage != null ? storage.describe() : directory) + ", prefix=" + prefix
                + ", fromSequence=" + (fromSequence == 0 ? "oldest" : fromSequence) + ", fromTime="
                + (fromTimeNanos == Long.MIN_VALUE ? "none" : EpochNanos.toInstant(fromTimeNanos)) + ", untilSequence="
                + (untilSequence == Long.MAX_VALUE ? "none" : untilSequence) + ", untilTime="
                + (untilTimeNanos == Long.MAX_VALUE ? "none" : EpochNanos.toInstant(untilTimeNanos)) + ", salvage="
                + salvage + ", acceptMissingEnds=" + acceptMissingEnds + "]";
    }
}
