package io.veloz.wal;

import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The settings of a log. Immutable. Created with {@link #builder}. */
public final class WalConfig {
    private final Builder settings;

    private WalConfig(Builder settings) {
        this.settings = settings;
    }

    /** Returns a builder for a log in a directory, which is created if it does not exist. */
    public static Builder builder(Path directory) {
        return new Builder(Objects.requireNonNull(directory, "directory"), null);
    }

    /** Returns a builder for a log in a custom storage, for fault-injection tests. */
    public static Builder builder(Storage storage) {
        return new Builder(null, Objects.requireNonNull(storage, "storage"));
    }

    /** Returns the directory of the log; empty if it is in a custom storage. */
    public Optional<Path> directory() {
        return Optional.ofNullable(settings.directory);
    }

    // ---- what is guaranteed

    /** Returns the prefix of the file names. */
    public String prefix() {
        return settings.prefix;
    }

    /** Returns the durability of an append without a durability argument. */
    public Durability durability() {
        return settings.durability;
    }

    /** Returns the longest time between forces (fsync) under {@link Durability#LOSE_LAST_INTERVAL}. */
    public Duration forceInterval() {
        return settings.forceInterval;
    }

    /** Returns how long an append waits while the append buffer is full. */
    public Duration bufferFullTimeout() {
        return settings.bufferFullTimeout;
    }

    /** Returns how long {@link Wal#close()} waits. */
    public Duration closeTimeout() {
        return settings.closeTimeout;
    }

    /** Returns how long the log is idle before it records that the last batch is durable. */
    public Duration heartbeatDelay() {
        return settings.heartbeatDelay;
    }

    /** Returns whether a log whose beginning or end is missing can be opened. */
    public boolean acceptMissingEnds() {
        return settings.acceptMissingEnds;
    }

    // ---- speed only

    /** Returns the size of a segment. */
    public long segmentBytes() {
        return settings.segmentBytes;
    }

    /** Returns the age at which a segment with records is sealed; zero for no limit. */
    public Duration segmentMaxAge() {
        return settings.segmentMaxAge;
    }

    /** Returns the size of the append buffer. */
    public int bufferBytes() {
        return settings.bufferBytes;
    }

    /** Returns whether an open refuses to begin a new log. */
    public boolean mustExist() {
        return settings.mustExist;
    }

    /** Returns the largest size of a batch. */
    public int maxBatchBytes() {
        return settings.batchBytes();
    }

    /** Returns the limit of records that wait for the delivery of a future or an event. */
    public int maxPendingFutures() {
        return settings.maxPendingFutures;
    }

    /** Returns the largest payload of a record, which is derived from {@link #maxBatchBytes()}. */
    public int maxPayloadBytes() {
        return SegmentFile.maxPayloadBytes(maxBatchBytes());
    }

    /** Returns the time of a commit that is reported as slow; zero if none is. */
    public Duration slowCommitThreshold() {
        return settings.slowCommitThreshold;
    }

    // ---- components

    /** Returns the listener. */
    public WalListener listener() {
        return settings.listener;
    }

    /** Returns the clock for the timestamps of records, in nanoseconds since 1970. */
    public LongSupplier wallClockNanos() {
        return settings.wallClockNanos;
    }

    LongSupplier intervalClockNanos() {
        return settings.intervalClockNanos;
    }

    /** Opens the storage of the log. Creates the directory if it does not exist. */
    Storage openStorage() {
        return settings.storage != null ? settings.storage : openDirectory(Objects.requireNonNull(settings.directory));
    }

    private Storage openDirectory(Path directory) {
        return settings.mustExist ? DiskStorage.open(directory) : DiskStorage.createOrOpen(directory);
    }

    /** Returns the settings that are in force, one per line. */
    @Override
    public String toString() {
        return String.join(
                System.lineSeparator(),
                "directory = " + (settings.storage != null ? settings.storage.describe() : settings.directory),
                "prefix = " + prefix(),
                "durability = " + durability(),
                "forceInterval = " + forceInterval(),
                "bufferFullTimeout = " + bufferFullTimeout(),
                "closeTimeout = " + closeTimeout(),
                "heartbeatDelay = " + heartbeatDelay(),
                "acceptMissingEnds = " + acceptMissingEnds(),
                "mustExist = " + mustExist(),
                "segmentBytes = " + segmentBytes(),
                "segmentMaxAge = " + (segmentMaxAge().isZero() ? "none" : segmentMaxAge()),
                "bufferBytes = " + bufferBytes(),
                "maxBatchBytes = " + maxBatchBytes(),
                "maxPayloadBytes = " + maxPayloadBytes(),
                "maxPendingFutures = " + maxPendingFutures(),
                "slowCommitThreshold = " + (slowCommitThreshold().isZero() ? "none" : slowCommitThreshold()));
    }

    /** Collects settings. It belongs to one thread. */
    public static final class Builder {
        static final long MIN_SEGMENT_BYTES = 16 * 1024;
        static final long MAX_SEGMENT_BYTES = SegmentHeader.MAX_SEGMENT_BYTES;
        static final int MIN_BATCH_BYTES = 4 * 1024;
        static final int DEFAULT_BATCH_BYTES = 1024 * 1024;
        static final int MIN_BUFFER_BYTES = 8 * 1024;
        static final int MAX_BUFFER_BYTES = 128 * 1024 * 1024;

        private final @Nullable Path directory;
        private final @Nullable Storage storage;
        private String prefix = "orders";
        private Durability durability = Durability.LOSE_NOTHING;
        private Duration forceInterval = Duration.ofMillis(10);
        private Duration bufferFullTimeout = Duration.ofSeconds(30);
        private Duration closeTimeout = Duration.ofSeconds(20);
        private Duration heartbeatDelay = Duration.ofMillis(50);
        private boolean acceptMissingEnds;
        private boolean mustExist;
        private long segmentBytes = 64 * 1024 * 1024;
        private Duration segmentMaxAge = Duration.ZERO;
        private int bufferBytes = 8 * 1024 * 1024;

        /** Not set: as large as segment and buffer allow, up to the default, so that either can be made smaller alone. */
        private @Nullable Integer maxBatchBytes;

        private int maxPendingFutures = 64 * 1024;
        private Duration slowCommitThreshold = Duration.ofMillis(100);
        private WalListener listener = WalListener.NONE;
        private LongSupplier wallClockNanos = WalConfig::systemNanos;
        private LongSupplier intervalClockNanos = System::nanoTime;

        private Builder(@Nullable Path directory, @Nullable Storage storage) {
            this.directory = directory;
            this.storage = storage;
        }

        private Builder(Builder other) {
            this(other.directory, other.storage, other);
        }

        private Builder(@Nullable Path directory, @Nullable Storage storage, Builder other) {
            this.directory = directory;
            this.storage = storage;
            this.prefix = other.prefix;
            this.durability = other.durability;
            this.forceInterval = other.forceInterval;
            this.bufferFullTimeout = other.bufferFullTimeout;
            this.closeTimeout = other.closeTimeout;
            this.heartbeatDelay = other.heartbeatDelay;
            this.acceptMissingEnds = other.acceptMissingEnds;
            this.mustExist = other.mustExist;
            this.segmentBytes = other.segmentBytes;
            this.segmentMaxAge = other.segmentMaxAge;
            this.bufferBytes = other.bufferBytes;
            this.maxBatchBytes = other.maxBatchBytes;
            this.maxPendingFutures = other.maxPendingFutures;
            this.slowCommitThreshold = other.slowCommitThreshold;
            this.listener = other.listener;
            this.wallClockNanos = other.wallClockNanos;
            this.intervalClockNanos = other.intervalClockNanos;
        }

        /** Sets the prefix of the file names. Logs with different prefixes can share a directory. Default: "orders". */
        public Builder prefix(String value) {
            prefix = value;
            return this;
        }

        /** Sets the durability of an append without a durability argument. Default: {@link Durability#LOSE_NOTHING}. */
        public Builder durability(Durability value) {
            durability = value;
            return this;
        }

        /**
         * Sets the interval between forces (fsync) under {@link Durability#LOSE_LAST_INTERVAL}. A power failure can
         * lose the records of one interval. Default: 10 ms.
         */
        public Builder forceInterval(Duration value) {
            forceInterval = value;
            return this;
        }

        /**
         * Sets how long an append waits while the append buffer is full, before it throws {@link WalBusyException}. Zero:
         * throws immediately. Default: 30 s.
         */
        public Builder bufferFullTimeout(Duration value) {
            bufferFullTimeout = value;
            return this;
        }

        /** Sets how long {@link Wal#close()} waits for the disk. Default: 20 s. */
        public Builder closeTimeout(Duration value) {
            closeTimeout = value;
            return this;
        }

        /**
         * Sets how long the log is idle before it records on disk that the last batch is durable. Until then, damage to
         * this one batch cannot be distinguished from a torn tail, and a reader in another process does not return it.
         * Default: 50 ms.
         */
        public Builder heartbeatDelay(Duration value) {
            heartbeatDelay = value;
            return this;
        }

        /**
         * Accepts a log whose first segments, or whose active segment, are missing, for example after a manual restore.
         * By default this is reported as damage, because it cannot be distinguished from a deleted file. A log that
         * ends before its newest checkpoint is always refused, because a replay from the checkpoint would skip the
         * records that are appended to it. Default: false.
         */
        public Builder acceptMissingEnds(boolean value) {
            acceptMissingEnds = value;
            return this;
        }

        /**
         * Refuses to begin a new log: an open of a directory that does not exist or has no log throws {@link WalOpenException}, and
         * creates nothing. Set it once the log exists. Otherwise an engine whose disk is not mounted starts with an empty log.
         * Default: false.
         */
        public Builder mustExist(boolean value) {
            mustExist = value;
            return this;
        }

        /**
         * Sets the size of a segment, in bytes. After an open, the first segments are smaller, from 4 MiB on, or four times the
         * largest batch, so that an open is fast. Default: 64 MiB.
         */
        public Builder segmentBytes(long value) {
            segmentBytes = value;
            return this;
        }

        /** Sets the age at which a segment with records is sealed. Default: zero (no limit). */
        public Builder segmentMaxAge(Duration value) {
            segmentMaxAge = value;
            return this;
        }

        /** Sets the size of the append buffer in memory, in bytes. It must be a power of two. Default: 8 MiB. */
        public Builder bufferBytes(int value) {
            bufferBytes = value;
            return this;
        }

        /**
         * Sets the largest size of a batch, which limits a record or group as well, in bytes. Default: 1 MiB, or less with
         * a segment or a buffer that is too small for it.
         */
        public Builder maxBatchBytes(int value) {
            maxBatchBytes = value;
            return this;
        }

        /**
         * Sets the largest number of records between the last delivered future or event and the newest append. Default:
         * 65,536.
         */
        public Builder maxPendingFutures(int value) {
            maxPendingFutures = value;
            return this;
        }

        /**
         * Sets the time at which a commit is slow: it is counted in {@link WalStats#slowCommits()} and reported with {@link
         * WalListener#onSlowCommit}. After a slow commit, the time that records waited for its end does not count for the
         * commits after it. Zero: no commit is slow. Default: 100 ms.
         */
        public Builder slowCommitThreshold(Duration value) {
            slowCommitThreshold = value;
            return this;
        }

        /** Sets the receiver of the events of the log. Default: none. */
        public Builder listener(WalListener value) {
            listener = value;
            return this;
        }

        /** Sets the clock for the timestamps of records, in nanoseconds since 1970. Default: the system clock. */
        public Builder wallClockNanos(LongSupplier value) {
            wallClockNanos = value;
            return this;
        }

        /** Sets the clock for intervals, as {@link System#nanoTime}, for tests. */
        Builder intervalClockNanos(LongSupplier value) {
            intervalClockNanos = value;
            return this;
        }

        /**
         * Validates the settings and returns the configuration.
         *
         * @throws IllegalArgumentException with the setting, its value and the expected range
         */
        public WalConfig build() {
            var unused = new SegmentNames(Objects.requireNonNull(prefix, "prefix"));
            Objects.requireNonNull(durability, "durability");
            Objects.requireNonNull(listener, "listener");
            Objects.requireNonNull(wallClockNanos, "wallClockNanos");
            checkRange("segmentBytes", segmentBytes, MIN_SEGMENT_BYTES, MAX_SEGMENT_BYTES);
            checkRange("bufferBytes", bufferBytes, MIN_BUFFER_BYTES, MAX_BUFFER_BYTES);
            if (Integer.bitCount(bufferBytes) != 1) {
                throw new IllegalArgumentException("bufferBytes " + bufferBytes + ": expected a power of two");
            }
            int batchBytes = batchBytes();
            if (batchBytes < MIN_BATCH_BYTES || batchBytes > largestBatchBytes()) {
                throw new IllegalArgumentException("maxBatchBytes " + batchBytes + ": expected " + MIN_BATCH_BYTES
                        + " to " + largestBatchBytes() + " with segmentBytes " + segmentBytes + " and bufferBytes "
                        + bufferBytes);
            }
            if (batchBytes % 8 != 0) {
                throw new IllegalArgumentException("maxBatchBytes " + batchBytes + ": expected a multiple of 8");
            }
            checkRange("maxPendingFutures", maxPendingFutures, 1, 1 << 20);
            checkDuration("forceInterval", forceInterval, Duration.ofNanos(1));
            checkDuration("bufferFullTimeout", bufferFullTimeout, Duration.ZERO);
            checkDuration("closeTimeout", closeTimeout, Duration.ofNanos(1));
            checkDuration("heartbeatDelay", heartbeatDelay, Duration.ofNanos(1));
            checkDuration("segmentMaxAge", segmentMaxAge, Duration.ZERO);
            checkDuration("slowCommitThreshold", slowCommitThreshold, Duration.ZERO);
            return new WalConfig(new Builder(this));
        }

        private int batchBytes() {
            if (maxBatchBytes != null) {
                return maxBatchBytes;
            }
            long bytes = Math.min(DEFAULT_BATCH_BYTES, largestBatchBytes());
            return (int) (bytes - bytes % 8);
        }

        private long largestBatchBytes() {
            return Math.min(segmentBytes - SegmentHeader.BYTES - 2L * SegmentFile.RECORDS_AT, bufferBytes / 2L);
        }

        private static void checkRange(String name, long value, long min, long max) {
            if (value < min || value > max) {
                throw new IllegalArgumentException(name + " " + value + ": expected " + min + " to " + max);
            }
        }

        private static void checkDuration(String name, Duration value, Duration min) {
            Objects.requireNonNull(value, name);
            Duration max = Duration.ofDays(365);
            if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
                throw new IllegalArgumentException(name + " " + value + ": expected " + min + " to " + max);
            }
        }
    }

    /** Returns a builder with these settings. */
    public Builder toBuilder() {
        return new Builder(settings);
    }

    /** Returns a builder with these settings for another directory. */
    public Builder toBuilder(Path directory) {
        return new Builder(Objects.requireNonNull(directory, "directory"), null, settings);
    }

    private static long systemNanos() {
        // Each append calls it: no check, no other object.
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
