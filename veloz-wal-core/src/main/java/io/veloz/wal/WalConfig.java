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

/** All settings of a log. Immutable; made by {@link #builder}. */
public final class WalConfig {
    private final Builder settings;

    private WalConfig(Builder settings) {
        this.settings = settings;
    }

    /** Settings for a log in that directory, which is created if it is not there. */
    public static Builder builder(Path directory) {
        return new Builder(Objects.requireNonNull(directory, "directory"), null);
    }

    /** Settings for a log in a storage of one's own, for tests that break it. */
    public static Builder builder(Storage storage) {
        return new Builder(null, Objects.requireNonNull(storage, "storage"));
    }

    /** Where the files are; empty if the log is in a storage of one's own. */
    public Optional<Path> directory() {
        return Optional.ofNullable(settings.directory);
    }

    // ---- what is guaranteed

    public String prefix() {
        return settings.prefix;
    }

    public Durability durability() {
        return settings.durability;
    }

    public Duration forceInterval() {
        return settings.forceInterval;
    }

    public Duration bufferFullTimeout() {
        return settings.bufferFullTimeout;
    }

    public Duration closeTimeout() {
        return settings.closeTimeout;
    }

    public Duration heartbeatDelay() {
        return settings.heartbeatDelay;
    }

    public boolean acceptMissingEnds() {
        return settings.acceptMissingEnds;
    }

    // ---- speed only

    public long segmentBytes() {
        return settings.segmentBytes;
    }

    public Duration segmentMaxAge() {
        return settings.segmentMaxAge;
    }

    public int bufferBytes() {
        return settings.bufferBytes;
    }

    public int maxBatchBytes() {
        return settings.maxBatchBytes;
    }

    public int maxPendingFutures() {
        return settings.maxPendingFutures;
    }

    /** The largest payload of a single record: follows from {@link #maxBatchBytes()}. */
    public int maxPayloadBytes() {
        return SegmentFile.maxPayloadBytes(settings.maxBatchBytes);
    }

    // ---- components

    public WalListener listener() {
        return settings.listener;
    }

    public LongSupplier wallClockNanos() {
        return settings.wallClockNanos;
    }

    LongSupplier intervalClockNanos() {
        return settings.intervalClockNanos;
    }

    /** Opens the place where the files are; creates the directory if it is not there. */
    Storage openStorage() {
        return settings.storage != null
                ? settings.storage
                : DiskStorage.createOrOpen(Objects.requireNonNull(settings.directory));
    }

    /** All settings with their values, one a line, as they are in force. */
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
                "segmentBytes = " + segmentBytes(),
                "segmentMaxAge = " + (segmentMaxAge().isZero() ? "none" : segmentMaxAge()),
                "bufferBytes = " + bufferBytes(),
                "maxBatchBytes = " + maxBatchBytes(),
                "maxPayloadBytes = " + maxPayloadBytes(),
                "maxPendingFutures = " + maxPendingFutures());
    }

    /** Collects settings. It belongs to one thread. */
    public static final class Builder {
        static final long MIN_SEGMENT_BYTES = 16 * 1024;
        static final long MAX_SEGMENT_BYTES = SegmentHeader.MAX_SEGMENT_BYTES;
        static final int MIN_BATCH_BYTES = 4 * 1024;
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
        private long segmentBytes = 64 * 1024 * 1024;
        private Duration segmentMaxAge = Duration.ZERO;
        private int bufferBytes = 8 * 1024 * 1024;
        private int maxBatchBytes = 1024 * 1024;
        private int maxPendingFutures = 64 * 1024;
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
            this.segmentBytes = other.segmentBytes;
            this.segmentMaxAge = other.segmentMaxAge;
            this.bufferBytes = other.bufferBytes;
            this.maxBatchBytes = other.maxBatchBytes;
            this.maxPendingFutures = other.maxPendingFutures;
            this.listener = other.listener;
            this.wallClockNanos = other.wallClockNanos;
            this.intervalClockNanos = other.intervalClockNanos;
        }

        /** What the names of the files start with. Two logs of different prefix can share a directory. "orders". */
        public Builder prefix(String value) {
            prefix = value;
            return this;
        }

        /** What an append without a durability of its own gets. {@link Durability#LOSE_NOTHING}. */
        public Builder durability(Durability value) {
            durability = value;
            return this;
        }

        /** How much a power cut may lose under {@link Durability#LOSE_LAST_INTERVAL}. 10 ms. */
        public Builder forceInterval(Duration value) {
            forceInterval = value;
            return this;
        }

        /**
         * How long an append waits for room in the buffer before it is refused with {@link WalBusyException}; zero to
         * refuse at once. 30 s.
         */
        public Builder bufferFullTimeout(Duration value) {
            bufferFullTimeout = value;
            return this;
        }

        /** How long {@link Wal#close()} waits for the disk. 20 s. */
        public Builder closeTimeout(Duration value) {
            closeTimeout = value;
            return this;
        }

        /**
         * How long the log is idle before it writes down that the last batch is durable. Until then damage to that one
         * batch is not told from a torn tail, and a reader in another process does not see it. 50 ms.
         */
        public Builder heartbeatDelay(Duration value) {
            heartbeatDelay = value;
            return this;
        }

        /**
         * Opens a directory that begins later than the log did, or lacks the segment that was being written, as after a
         * restore by hand. By default that is damage, since it is what a deleted file looks like. A log that ends before
         * its newest checkpoint is refused all the same: records appended to it would be left out of the next replay. No.
         */
        public Builder acceptMissingEnds(boolean value) {
            acceptMissingEnds = value;
            return this;
        }

        /** Size of a segment, in bytes. 64 MiB. */
        public Builder segmentBytes(long value) {
            segmentBytes = value;
            return this;
        }

        /** A segment with records is sealed when it is this old; zero for never. Never. */
        public Builder segmentMaxAge(Duration value) {
            segmentMaxAge = value;
            return this;
        }

        /** Memory between the appenders and the disk; a power of two, in bytes. 8 MiB. */
        public Builder bufferBytes(int value) {
            bufferBytes = value;
            return this;
        }

        /** The most that goes to disk at once, and so the largest record or group, in bytes. 1 MiB. */
        public Builder maxBatchBytes(int value) {
            maxBatchBytes = value;
            return this;
        }

        /** The most records between the last future or listener call that was delivered and the newest append. 65,536. */
        public Builder maxPendingFutures(int value) {
            maxPendingFutures = value;
            return this;
        }

        /** Is told what happens. */
        public Builder listener(WalListener value) {
            listener = value;
            return this;
        }

        /** Where the times of records come from, in nanoseconds since 1970. The system's clock. */
        public Builder wallClockNanos(LongSupplier value) {
            wallClockNanos = value;
            return this;
        }

        /** What intervals are measured with, in the manner of {@link System#nanoTime}: for tests that cannot wait. */
        Builder intervalClockNanos(LongSupplier value) {
            intervalClockNanos = value;
            return this;
        }

        /**
         * Checks all settings together.
         *
         * @throws IllegalArgumentException naming the setting, its value and what was expected
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
            long largest = segmentBytes - SegmentHeader.BYTES - 2L * SegmentFile.RECORDS_AT;
            checkRange("maxBatchBytes", maxBatchBytes, MIN_BATCH_BYTES, Math.min(largest, bufferBytes / 2L));
            if (maxBatchBytes % 8 != 0) {
                throw new IllegalArgumentException("maxBatchBytes " + maxBatchBytes + ": expected a multiple of 8");
            }
            checkRange("maxPendingFutures", maxPendingFutures, 1, 1 << 20);
            checkDuration("forceInterval", forceInterval, Duration.ofNanos(1));
            checkDuration("bufferFullTimeout", bufferFullTimeout, Duration.ZERO);
            checkDuration("closeTimeout", closeTimeout, Duration.ofNanos(1));
            checkDuration("heartbeatDelay", heartbeatDelay, Duration.ofNanos(1));
            checkDuration("segmentMaxAge", segmentMaxAge, Duration.ZERO);
            return new WalConfig(new Builder(this));
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

    /** The same settings, to be changed. */
    public Builder toBuilder() {
        return new Builder(settings);
    }

    /** The same settings for another directory, to be changed. */
    public Builder toBuilder(Path directory) {
        return new Builder(Objects.requireNonNull(directory, "directory"), null, settings);
    }

    private static long systemNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
