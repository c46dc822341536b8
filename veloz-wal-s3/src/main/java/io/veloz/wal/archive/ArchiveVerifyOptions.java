package io.veloz.wal.archive;

import io.veloz.wal.spi.StateReplay;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a verification of an archive reads. Immutable. */
public final class ArchiveVerifyOptions {
    /** How much is read. Each level includes those before it. */
    public enum Level {
        /** The slots and the care records. */
        CHAIN,
        /** That each object exists and has its size. */
        PRESENCE,
        /** The content of the objects, and all records in them. */
        CONTENT,
        /** The state of the application, which the records and the checkpoints contain. See {@link Builder#replay}. */
        REPLAY
    }

    /**
     * What a verification is about to read from objects, after it has read the slots.
     *
     * @param objects the number of objects to read
     * @param bytes the sum of their sizes
     * @param skippedSegments the number of segments that an earlier verification has read, or that are not in the sample
     */
    public record Cost(long objects, long bytes, long skippedSegments) {}

    private final Level level;
    private final boolean incremental;
    private final boolean records;
    private final boolean originals;
    private final Duration reverify;
    private final long bytesPerSecond;
    private final int samplePercent;
    private final long sampleSeed;
    private final Consumer<Cost> onCost;
    private final @Nullable Supplier<? extends StateReplay> replay;

    private ArchiveVerifyOptions(Builder builder) {
        this.level = builder.level;
        this.incremental = builder.incremental;
        this.records = builder.records;
        this.originals = builder.originals;
        this.reverify = builder.reverify;
        this.bytesPerSecond = builder.bytesPerSecond;
        this.samplePercent = builder.samplePercent;
        this.sampleSeed = builder.sampleSeed;
        this.onCost = builder.onCost;
        this.replay = builder.replay;
    }

    /** Returns a builder for a verification at a level. */
    public static Builder level(Level level) {
        return new Builder(level);
    }

    Level level() {
        return level;
    }

    boolean isIncremental() {
        return incremental;
    }

    boolean isRecorded() {
        return records;
    }

    boolean checksOriginals() {
        return originals;
    }

    Duration reverify() {
        return reverify;
    }

    long bytesPerSecond() {
        return bytesPerSecond;
    }

    int samplePercent() {
        return samplePercent;
    }

    long sampleSeed() {
        return sampleSeed;
    }

    Consumer<Cost> onCost() {
        return onCost;
    }

    /** Returns what creates the replay; null unless the level is {@link Level#REPLAY}. */
    @Nullable
    Supplier<? extends StateReplay> replay() {
        return replay;
    }

    /** Collects the options. Not thread-safe. */
    public static final class Builder {
        private final Level level;
        private boolean incremental;
        private boolean records;
        private boolean originals;
        private Duration reverify = Duration.ofDays(90);
        private long bytesPerSecond = Long.MAX_VALUE;
        private int samplePercent = 100;
        private long sampleSeed;
        private Consumer<Cost> onCost = cost -> {};
        private @Nullable Supplier<? extends StateReplay> replay;

        private Builder(Level level) {
            this.level = Objects.requireNonNull(level, "level");
        }

        /**
         * Reads only the content of segments that no recorded verification has read. If the oldest of those is longer ago than
         * a time, reads all again. By default reads all.
         */
        public Builder incremental(Duration reverifyAfter) {
            incremental = true;
            reverify = Objects.requireNonNull(reverifyAfter, "reverifyAfter");
            return this;
        }

        /**
         * Records the result under {@code care/}, for retention and for later incremental verifications. Requires the right to
         * put there. A verification that finds damage removes the marks of its level and of those above it. A sample is not
         * recorded.
         */
        public Builder record() {
            records = true;
            return this;
        }

        /** Reads each kept slot too, and compares it with the summaries that repeat it. */
        public Builder originals() {
            originals = true;
            return this;
        }

        /** Limits the rate at which objects are read. */
        public Builder bytesPerSecond(long value) {
            if (value < 1) {
                throw new IllegalArgumentException("bytesPerSecond " + value + "; expected at least 1");
            }
            bytesPerSecond = value;
            return this;
        }

        /**
         * Reads the content of a random part of the segments and checkpoints.
         *
         * @param percent from 1 to 100
         * @param seed of the choice, which is the same for the same archive and seed
         */
        public Builder sample(int percent, long seed) {
            if (percent < 1 || percent > 100) {
                throw new IllegalArgumentException("sample of " + percent + " percent; expected 1 to 100");
            }
            samplePercent = percent;
            sampleSeed = seed;
            return this;
        }

        /** Receives what will be read, before it is read. An exception from it ends the verification. */
        public Builder onCost(Consumer<Cost> value) {
            onCost = Objects.requireNonNull(value, "onCost");
            return this;
        }

        /**
         * Replays the records at level {@link Level#REPLAY}, for example with {@code OrderStateReplay::new} of the module
         * {@code io.veloz.wal.orders}.
         *
         * @param value creates the replay, once for each verification
         */
        public Builder replay(Supplier<? extends StateReplay> value) {
            replay = Objects.requireNonNull(value, "replay");
            return this;
        }

        /**
         * Returns the options.
         *
         * @throws IllegalArgumentException if a sample is to be recorded or replayed, if the level reads no content and a part of
         *     the content is chosen, or if the level and {@link #replay} do not match
         */
        public ArchiveVerifyOptions build() {
            if (records && samplePercent < 100) {
                throw new IllegalArgumentException("a sample cannot be recorded; verify all, or do not record it");
            }
            if ((level == Level.REPLAY) != (replay != null)) {
                throw new IllegalArgumentException("level " + level.name().toLowerCase(Locale.ROOT)
                        + (replay == null ? " requires a replay" : " replays no records; expected level replay"));
            }
            if (level == Level.REPLAY && samplePercent < 100) {
                throw new IllegalArgumentException(
                        "a sample cannot be replayed; replay all, or verify it at level content");
            }
            if (level.compareTo(Level.CONTENT) < 0 && (incremental || samplePercent < 100)) {
                throw new IllegalArgumentException("level " + level.name().toLowerCase(Locale.ROOT)
                        + " reads no content; an incremental verification and a sample require level content");
            }
            return new ArchiveVerifyOptions(this);
        }
    }
}
