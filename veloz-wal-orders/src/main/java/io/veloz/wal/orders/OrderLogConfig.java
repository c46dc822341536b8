package io.veloz.wal.orders;

import io.veloz.wal.WalConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** All settings of an {@link OrderLog}: the settings of the underlying log, of the checkpoints and of the store. Immutable. */
public final class OrderLogConfig {
    private final Builder settings;

    private OrderLogConfig(Builder settings) {
        this.settings = settings;
    }

    /** Returns a builder with the default settings for a log in a directory. */
    public static Builder builder(Path directory) {
        return builder(WalConfig.builder(directory).build());
    }

    /** Returns a builder with the default settings on top of the settings of the underlying log. */
    public static Builder builder(WalConfig wal) {
        return new Builder(Objects.requireNonNull(wal, "wal"));
    }

    /**
     * Reads the settings from the engine's environment variables, VELOZ_WAL_*: see docs/operations.md. The engine's
     * documents define two sets of variables. Both are accepted.
     *
     * @throws IllegalArgumentException if two variables contradict each other, or if one is ambiguous, unknown or has an
     *     invalid value; the message contains their names
     */
    public static OrderLogConfig fromEnvironment(Map<String, String> environment) {
        return new VelozEnvironment(environment).read();
    }

    /** Returns a builder with these settings. */
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

    /** Empty if ended orders are kept regardless of their age. */
    public Optional<Duration> keepEndedOrders() {
        return Optional.ofNullable(settings.keepEndedOrders);
    }

    public int maxEndedOrders() {
        return settings.maxEndedOrders;
    }

    public boolean normaliseStatus() {
        return settings.normaliseStatus;
    }

    public Map<String, String> statusWords() {
        return settings.statusWords;
    }

    public Consumer<OrderFinding> onFinding() {
        return settings.onFinding;
    }

    LongSupplier intervalClockNanos() {
        return settings.intervalClockNanos;
    }

    /** Returns all effective settings with their values, one per line. */
    @Override
    public String toString() {
        return String.join(
                System.lineSeparator(),
                wal().toString(),
                "enabled = " + enabled(),
                "checkpointEveryRecords = " + (checkpointEveryRecords() == 0 ? "never" : checkpointEveryRecords()),
                "checkpointInterval = " + (checkpointInterval().isZero() ? "never" : checkpointInterval()),
                "keepSegments = " + keepSegments(),
                "keepEndedOrders = " + keepEndedOrders().map(Duration::toString).orElse("any age"),
                "maxEndedOrders = " + maxEndedOrders(),
                "normaliseStatus = " + normaliseStatus(),
                "statusWords = " + new TreeMap<>(statusWords()),
                "maxPendingEvents = " + maxPendingEvents());
    }

    /** Builder of {@link OrderLogConfig}. Not thread-safe. */
    public static final class Builder {
        private WalConfig wal;
        private boolean enabled = true;
        private long checkpointEveryRecords = 100_000;
        private Duration checkpointInterval = Duration.ofMinutes(1);
        private int keepSegments = 2;
        private @Nullable Duration keepEndedOrders = Duration.ofDays(1);
        private int maxEndedOrders = 200_000;
        private Map<String, String> statusWords = Map.of();
        private Consumer<OrderFinding> onFinding = finding -> {};
        private boolean normaliseStatus = true;
        private int maxPendingEvents = 64 * 1024;
        private LongSupplier intervalClockNanos = System::nanoTime;

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
            this.maxEndedOrders = other.maxEndedOrders;
            this.normaliseStatus = other.normaliseStatus;
            this.statusWords = other.statusWords;
            this.onFinding = other.onFinding;
            this.intervalClockNanos = other.intervalClockNanos;
            this.maxPendingEvents = other.maxPendingEvents;
        }

        /** Replaces the settings of the underlying log. */
        public Builder wal(WalConfig value) {
            wal = Objects.requireNonNull(value, "wal");
            return this;
        }

        /** Whether the log may be opened. Default: yes. */
        public Builder enabled(boolean value) {
            enabled = value;
            return this;
        }

        /** Writes a checkpoint and trims the log after this many records. 0: not by count. Default: 100,000. */
        public Builder checkpointEveryRecords(long value) {
            checkpointEveryRecords = value;
            return this;
        }

        /**
         * Writes a checkpoint and trims the log after this time, if records were appended. Zero: not by time. Default: one
         * minute.
         */
        public Builder checkpointInterval(Duration value) {
            checkpointInterval = value;
            return this;
        }

        /** The minimum number of sealed segments that a trim keeps. Default: 2. */
        public Builder keepSegments(int value) {
            keepSegments = value;
            return this;
        }

        /**
         * Drops ended orders that no event has changed for this time. They are dropped from the store and from the
         * checkpoint when a checkpoint is written. If the venue delivers a fill again after that, the fill counts as one of
         * an unknown order, so this time must be longer than the venue's redelivery period. Default: one day.
         */
        public Builder keepEndedOrders(Duration value) {
            keepEndedOrders = Objects.requireNonNull(value, "keepEndedOrders");
            return this;
        }

        /** Keeps ended orders regardless of their age, up to {@link #maxEndedOrders}. */
        public Builder keepEndedOrdersOfAnyAge() {
            keepEndedOrders = null;
            return this;
        }

        /**
         * The maximum number of ended orders that are kept when a checkpoint is written. The least recently changed ones are
         * dropped first. An order takes about 650 bytes. {@link Integer#MAX_VALUE}: no limit, so that memory and checkpoints
         * grow with every order. Default: 200,000.
         */
        public Builder maxEndedOrders(int value) {
            maxEndedOrders = value;
            return this;
        }

        /** Whether known statuses are normalised; see {@link OrderStore.Builder#normaliseStatus}. Default: yes. */
        public Builder normaliseStatus(boolean value) {
            normaliseStatus = value;
            return this;
        }

        /** Additional status words of a venue; see {@link OrderStore.Builder#statusWords}. Default: none. */
        public Builder statusWords(Map<String, String> value) {
            statusWords = Map.copyOf(value);
            return this;
        }

        /**
         * Receives every finding in log order, including the findings of the replay when the log is opened. It is called
         * while an event is applied, so it must return quickly and must not call the log. Exceptions of the listener are
         * ignored; the first one is logged. Default: none.
         */
        public Builder onFinding(Consumer<OrderFinding> listener) {
            onFinding = Objects.requireNonNull(listener, "onFinding");
            return this;
        }

        /**
         * The maximum number of pending events: events that were appended but not yet applied to the store, or whose future
         * is not complete. An append beyond this limit forces the log and waits, for at most
         * {@link WalConfig#bufferFullTimeout()}. A pending event takes about 100 bytes in addition to the event itself.
         * Default: 65,536.
         */
        public Builder maxPendingEvents(int value) {
            maxPendingEvents = value;
            return this;
        }

        /** The monotonic clock that measures the age of orders. */
        Builder intervalClockNanos(LongSupplier value) {
            intervalClockNanos = value;
            return this;
        }

        /**
         * Validates all settings.
         *
         * @throws IllegalArgumentException if a setting is invalid; the message contains its name, its value and the expected
         *     values
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
            if (keepEndedOrders != null
                    && (keepEndedOrders.isNegative() || keepEndedOrders.compareTo(Duration.ofDays(36_500)) > 0)) {
                throw new IllegalArgumentException(
                        "keepEndedOrders " + keepEndedOrders + ": expected 0 to 36,500 days");
            }
            if (maxEndedOrders < 0) {
                throw new IllegalArgumentException("maxEndedOrders " + maxEndedOrders + ": expected 0 or more");
            }
            // Validates the words.
            var unused = new OrderStatus(normaliseStatus, statusWords);
            return new OrderLogConfig(new Builder(this));
        }
    }
}
