package io.veloz.wal.orders;

import io.veloz.wal.WalConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** All settings of an {@link OrderLog}: those of the log under it, and those of its checkpoints. Immutable. */
public final class OrderLogConfig {
    private final Builder settings;

    private OrderLogConfig(Builder settings) {
        this.settings = settings;
    }

    /** Settings for a log in that directory, all others as they are. */
    public static Builder builder(Path directory) {
        return builder(WalConfig.builder(directory).build());
    }

    /** Settings on top of those of a log. */
    public static Builder builder(WalConfig wal) {
        return new Builder(Objects.requireNonNull(wal, "wal"));
    }

    /**
     * Settings from the engine's variables, VELOZ_WAL_*: see docs/operations.md. The engine's documents have two sets of
     * them; both are accepted.
     *
     * @throws IllegalArgumentException naming the variables, if two contradict each other, one is ambiguous, not known or
     *     has a value that cannot be used
     */
    public static OrderLogConfig fromEnvironment(Map<String, String> environment) {
        return new VelozEnvironment(environment).read();
    }

    /** A copy to change. */
    public Builder toBuilder() {
        return new Builder(settings);
    }

    public WalConfig wal() {
        return settings.wal;
    }

    public boolean enabled() {
        return settings.enabled;
    }

    public long checkpointEveryRecords() {
        return settings.checkpointEveryRecords;
    }

    public Duration checkpointInterval() {
        return settings.checkpointInterval;
    }

    public int keepSegments() {
        return settings.keepSegments;
    }

    public int maxPendingEvents() {
        return settings.maxPendingEvents;
    }

    /** Empty if ended orders are kept for ever. */
    public Optional<Duration> keepEndedOrders() {
        return Optional.ofNullable(settings.keepEndedOrders);
    }

    public boolean normaliseStatus() {
        return settings.normaliseStatus;
    }

    /** All settings with their values, one a line, as they are in force. */
    @Override
    public String toString() {
        return String.join(
                System.lineSeparator(),
                wal().toString(),
                "enabled = " + enabled(),
                "checkpointEveryRecords = " + (checkpointEveryRecords() == 0 ? "never" : checkpointEveryRecords()),
                "checkpointInterval = " + (checkpointInterval().isZero() ? "never" : checkpointInterval()),
                "keepSegments = " + keepSegments(),
                "keepEndedOrders = " + keepEndedOrders().map(Duration::toString).orElse("for ever"),
                "normaliseStatus = " + normaliseStatus(),
                "maxPendingEvents = " + maxPendingEvents());
    }

    /** Collects settings. It belongs to one thread. */
    public static final class Builder {
        private WalConfig wal;
        private boolean enabled = true;
        private long checkpointEveryRecords;
        private Duration checkpointInterval = Duration.ZERO;
        private int keepSegments = 2;
        private @Nullable Duration keepEndedOrders;
        private boolean normaliseStatus = true;
        private int maxPendingEvents = 64 * 1024;

        private Builder(WalConfig wal) {
            this.wal = wal;
        }

        private Builder(Builder other) {
            this.wal = other.wal;
            this.enabled = other.enabled;
            this.checkpointEveryRecords = other.checkpointEveryRecords;
            this.checkpointInterval = other.checkpointInterval;
            this.keepSegments = other.keepSegments;
            this.keepEndedOrders = other.keepEndedOrders;
            this.normaliseStatus = other.normaliseStatus;
            this.maxPendingEvents = other.maxPendingEvents;
        }

        /** The settings of the log under it, in place of those the builder was made with. */
        public Builder wal(WalConfig value) {
            wal = Objects.requireNonNull(value, "wal");
            return this;
        }

        /** Whether there is to be a log at all. Yes. */
        public Builder enabled(boolean value) {
            enabled = value;
            return this;
        }

        /** Writes a checkpoint, and trims, after so many records; 0 for never by count. Never. */
        public Builder checkpointEveryRecords(long value) {
            checkpointEveryRecords = value;
            return this;
        }

        /** Writes a checkpoint, and trims, after so long if there were records; zero for never by time. Never. */
        public Builder checkpointInterval(Duration value) {
            checkpointInterval = value;
            return this;
        }

        /** So many sealed segments are kept in any case when the log is trimmed. 2. */
        public Builder keepSegments(int value) {
            keepSegments = value;
            return this;
        }

        /**
         * Checkpoints leave out orders that have ended and were not touched for so long, so that they do not grow with every
         * order there ever was. The running store keeps them. By default nothing is left out.
         */
        public Builder keepEndedOrders(Duration value) {
            keepEndedOrders = value;
            return this;
        }

        /** Whether "CANCELLED" is taken for "CANCELED". Yes. */
        public Builder normaliseStatus(boolean value) {
            normaliseStatus = value;
            return this;
        }

        /**
         * Bounds the events that are appended and not yet in the store, or whose future is not complete. An append beyond
         * that forces the log and waits, at most {@link WalConfig#bufferFullTimeout()}. Each takes about 100 bytes and its
         * event. Default: 65,536.
         */
        public Builder maxPendingEvents(int value) {
            maxPendingEvents = value;
            return this;
        }

        /**
         * Checks all settings.
         *
         * @throws IllegalArgumentException naming the setting, its value and what was expected
         */
        public OrderLogConfig build() {
            Objects.requireNonNull(checkpointInterval, "checkpointInterval");
            if (checkpointEveryRecords < 0) {
                throw new IllegalArgumentException(
                        "checkpointEveryRecords " + checkpointEveryRecords + ": expected 0 or more");
            }
            if (checkpointInterval.isNegative() || checkpointInterval.compareTo(Duration.ofDays(365)) > 0) {
                throw new IllegalArgumentException(
                        "checkpointInterval " + checkpointInterval + ": expected 0 to 365 days");
            }
            if (keepSegments < 0) {
                throw new IllegalArgumentException("keepSegments " + keepSegments + ": expected 0 or more");
            }
            if (maxPendingEvents < 1 || maxPendingEvents > 1 << 24) {
                throw new IllegalArgumentException(
                        "maxPendingEvents " + maxPendingEvents + ": expected 1 to " + (1 << 24));
            }
            if (keepEndedOrders != null && keepEndedOrders.isNegative()) {
                throw new IllegalArgumentException("keepEndedOrders " + keepEndedOrders + ": expected 0 or more");
            }
            return new OrderLogConfig(new Builder(this));
        }
    }
}
