package io.veloz.wal;

import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a {@link WalReader} reads, and how it takes damage. Immutable; every method returns a changed copy. */
public final class ReadOptions {
    final @Nullable Path directory;
    final @Nullable Storage storage;
    final String prefix;
    final long fromSequence;
    final long fromTimeNanos;
    final long untilSequence;
    final long untilTimeNanos;
    final boolean salvage;
    final boolean acceptMissingEnds;

    private ReadOptions(
            @Nullable Path directory,
            @Nullable Storage storage,
            String prefix,
            long fromSequence,
            long fromTimeNanos,
            long untilSequence,
            long untilTimeNanos,
            boolean salvage,
            boolean acceptMissingEnds) {
        this.directory = directory;
        this.storage = storage;
        this.prefix = prefix;
        this.fromSequence = fromSequence;
        this.fromTimeNanos = fromTimeNanos;
        this.untilSequence = untilSequence;
        this.untilTimeNanos = untilTimeNanos;
        this.salvage = salvage;
        this.acceptMissingEnds = acceptMissingEnds;
    }

    /** All records of the log in that directory, strictly. */
    public static ReadOptions of(Path directory) {
        return new ReadOptions(
                Objects.requireNonNull(directory, "directory"),
                null,
                "orders",
                0,
                Long.MIN_VALUE,
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                false,
                false);
    }

    /** All records of the log with those settings, strictly. */
    public static ReadOptions of(WalConfig config) {
        return of(config.openStorage()).prefix(config.prefix()).acceptMissingEnds(config.acceptMissingEnds());
    }

    /** All records of the log in a storage of one's own, strictly. */
    public static ReadOptions of(Storage storage) {
        return new ReadOptions(
                null,
                Objects.requireNonNull(storage, "storage"),
                "orders",
                0,
                Long.MIN_VALUE,
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                false,
                false);
    }

    /** The prefix of the log's file names. "orders". */
    public ReadOptions prefix(String value) {
        var unused = new SegmentNames(value);
        return with(value, fromSequence, fromTimeNanos, untilSequence, untilTimeNanos, salvage, acceptMissingEnds);
    }

    /** Starts with that record. It must not have been trimmed. By default the oldest one that is there. */
    public ReadOptions fromSequence(long value) {
        checkSequence(value);
        return with(prefix, value, fromTimeNanos, untilSequence, untilTimeNanos, salvage, acceptMissingEnds);
    }

    /** Starts with the first record, in the order of the sequences, of that time or later; nanoseconds since 1970. */
    public ReadOptions fromTime(long nanos) {
        return with(prefix, fromSequence, nanos, untilSequence, untilTimeNanos, salvage, acceptMissingEnds);
    }

    /** Ends with that record. */
    public ReadOptions untilSequence(long value) {
        checkSequence(value);
        return with(prefix, fromSequence, fromTimeNanos, value, untilTimeNanos, salvage, acceptMissingEnds);
    }

    /** Ends before the first record, in the order of the sequences, that is later than that time. */
    public ReadOptions untilTime(long nanos) {
        return with(prefix, fromSequence, fromTimeNanos, untilSequence, nanos, salvage, acceptMissingEnds);
    }

    /** Steps over what is damaged or missing, and reports every lost range, instead of throwing. */
    public ReadOptions salvage() {
        return with(prefix, fromSequence, fromTimeNanos, untilSequence, untilTimeNanos, true, acceptMissingEnds);
    }

    /** As {@link WalConfig.Builder#acceptMissingEnds}. */
    public ReadOptions acceptMissingEnds(boolean value) {
        return with(prefix, fromSequence, fromTimeNanos, untilSequence, untilTimeNanos, salvage, value);
    }

    private ReadOptions with(
            String newPrefix,
            long newFromSequence,
            long newFromTime,
            long newUntilSequence,
            long newUntilTime,
            boolean newSalvage,
            boolean newAccept) {
        return new ReadOptions(
                directory,
                storage,
                newPrefix,
                newFromSequence,
                newFromTime,
                newUntilSequence,
                newUntilTime,
                newSalvage,
                newAccept);
    }

    private static void checkSequence(long value) {
        if (value < 1) {
            throw new IllegalArgumentException("sequence " + value + ": expected 1 or more");
        }
    }

    Storage openStorage() {
        return storage != null ? storage : DiskStorage.open(Objects.requireNonNull(directory));
    }
}
