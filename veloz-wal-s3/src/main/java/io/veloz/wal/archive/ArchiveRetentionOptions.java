package io.veloz.wal.archive;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What retention keeps. Immutable. */
public final class ArchiveRetentionOptions {
    /** The environment variable with the number of days to keep. */
    public static final String DAYS = "VELOZ_WAL_RETENTION_DAYS";

    private static final Duration DEFAULT_AGE = Duration.ofDays(7);

    private final Duration keepFor;
    private final long keepSegments;
    private final Duration grace;
    private final Duration verifiedWithin;
    private final long accepted;
    private final Optional<RetentionNeeds> needs;

    private ArchiveRetentionOptions(Builder builder) {
        this.keepFor = builder.keepFor;
        this.keepSegments = builder.keepSegments;
        this.grace = builder.grace;
        this.verifiedWithin = builder.verifiedWithin;
        this.accepted = builder.accepted;
        this.needs = builder.needs;
    }

    /** Returns a builder. It keeps 7 days, or the number of days in the environment variable {@link #DAYS}. */
    public static Builder builder() {
        return builder(System.getenv());
    }

    static Builder builder(Map<String, String> environment) {
        return new Builder(days(environment.get(DAYS)));
    }

    private static Duration days(@Nullable String text) {
        if (text == null || text.isBlank()) {
            return DEFAULT_AGE;
        }
        if (!text.strip().matches("[0-9]{1,5}") || Integer.parseInt(text.strip()) == 0) {
            throw new IllegalArgumentException(
                    DAYS + " is \"" + text + "\"; expected a number of days from 1 to 99999");
        }
        return Duration.ofDays(Integer.parseInt(text.strip()));
    }

    /** Returns the age up to which records are kept. */
    public Duration keepFor() {
        return keepFor;
    }

    /** Returns how many of the newest segments are kept at least. */
    public long keepSegments() {
        return keepSegments;
    }

    /** Returns the time between a plan and its deletion. */
    public Duration grace() {
        return grace;
    }

    /** Returns how old the newest verification by content may be. */
    public Duration verifiedWithin() {
        return verifiedWithin;
    }

    /** Returns the number of objects that may be retired though they are more than a fifth of the archive; 0 for none. */
    public long accepted() {
        return accepted;
    }

    /** Returns the needs of recovery points. */
    public Optional<RetentionNeeds> needs() {
        return needs;
    }

    /** Collects the options. Not thread-safe. */
    public static final class Builder {
        private Duration keepFor;
        private long keepSegments = 1;
        private Duration grace = Duration.ofHours(24);
        private Duration verifiedWithin = Duration.ofDays(35);
        private long accepted;
        private Optional<RetentionNeeds> needs = Optional.empty();

        private Builder(Duration keepFor) {
            this.keepFor = keepFor;
        }

        /**
         * Keeps records that are younger, by their timestamps. Their age ends with the last slot of the archive, so a log that
         * is not written keeps its records.
         */
        public Builder keepFor(Duration value) {
            keepFor = positive(value, "keepFor");
            return this;
        }

        /** Keeps at least so many of the newest segments, however old they are. From 1; the default is 1. */
        public Builder keepSegments(long value) {
            if (value < 1) {
                throw new IllegalArgumentException("keepSegments " + value + "; expected at least 1");
            }
            keepSegments = value;
            return this;
        }

        /** The time between a plan and its deletion, for restores that run; the default is 24 hours. */
        public Builder grace(Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException("grace " + value + "; expected zero or more");
            }
            grace = value;
            return this;
        }

        /** How old the newest verification by content may be; the default is 35 days. */
        public Builder verifiedWithin(Duration value) {
            verifiedWithin = positive(value, "verifiedWithin");
            return this;
        }

        /**
         * Allows a plan for more than a fifth of the archive, if it has exactly this number of objects. The refusal states the
         * number.
         */
        public Builder accept(long objects) {
            accepted = objects;
            return this;
        }

        /** The needs of recovery points. Required if the archive has any. */
        public Builder needs(RetentionNeeds value) {
            needs = Optional.of(value);
            return this;
        }

        private static Duration positive(Duration value, String name) {
            Objects.requireNonNull(value, name);
            if (value.isZero() || value.isNegative()) {
                throw new IllegalArgumentException(name + " " + value + "; expected more than zero");
            }
            return value;
        }

        public ArchiveRetentionOptions build() {
            return new ArchiveRetentionOptions(this);
        }
    }
}
