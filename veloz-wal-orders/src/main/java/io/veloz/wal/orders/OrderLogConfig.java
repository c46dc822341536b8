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

    /** Empty if ended orders are kept whatever their age. */
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
                "keepEndedOrders = " + keepEndedOrders().map(Duration::toString).orElse("any age"),
                "maxEndedOrders = " + maxEndedOrders(),
                "normaliseStatus = " + normaliseStatus(),
                "statusWords = " + new TreeMap<>(statusWords()),
                "maxPendingEvents = " + maxPendingEvents());
    }

    /** Collects settings. It belongs to one thread. */
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

        /** The settings of the log under it, in place of those the builder was made with. */
        public Builder wal(WalConfig value) {
            wal = Objects.requireNonNull(value, "wal");
            return this;
        }

        /** Whether the log may be opened. Default: yes. */
        public Builder enabled(boolean value) {
            enabled = value;
            return this;
        }

        /** Writes a checkpoint, and trims, after this many records; 0 for never by count. Default: 100,000. */
        public Builder checkpointEveryRecords(long value) {
            checkpointEveryRecords = value;
            return this;
        }

        /** Writes a checkpoint, and trims, after this time if there were records; zero for never by time. Default: a minute. */
        public Builder checkpointInterval(Duration value) {
            checkpointInterval = value;
            return this;
        }

        /** How many sealed segments a trim keeps in any case. Default: 2. */
        public Builder keepSegments(int value) {
            keepSegments = value;
            return this;
        }

        /**
         * Drops orders that have ended and were not touched for this time, when a checkpoint is written: from the store and
         * from the checkpoint. A fill that the venue delivers again after that counts as one of an unknown order, so this
         * must be longer than a venue repeats itself. Default: a day.
         */
        public Builder keepEndedOrders(Duration value) {
            keepEndedOrders = Objects.requireNonNull(value, "keepEndedOrders");
            return this;
        }

        /** Keeps ended orders whatever their age, up to {@link #maxEndedOrders}. */
        public Builder keepEndedOrdersOfAnyAge() {
            keepEndedOrders = null;
            return this;
        }

        /**
         * Drops all but this many orders that have ended, those first that were not touched for the longest, when a
         * checkpoint is written. An order takes about 650 bytes. {@link Integer#MAX_VALUE} for no limit; then memory and
         * checkpoints grow with every order. Default: 200,000.
         */
        public Builder maxEndedOrders(int value) {
            maxEndedOrders = value;
            return this;
        }

        /** Whether a known status is kept in its normal spelling; see {@link OrderStore.Builder#normaliseStatus}. Default: yes. */
        public Builder normaliseStatus(boolean value) {
            normaliseStatus = value;
            return this;
        }

        /** Further status words of a venue, and what each stands for; see {@link OrderStore.Builder#statusWords}. Default: none. */
        public Builder statusWords(Map<String, String> value) {
            statusWords = Map.copyOf(value);
            return this;
        }

        /**
         * Receives every finding, in the order of the log, those of the replay at the open too. It is called while an event
         * is applied: it must be quick, and must not call the log. What it throws is ignored; the first failure is logged. Default:
         * none.
         */
        public Builder onFinding(Consumer<OrderFinding> listener) {
            onFinding = Objects.requireNonNull(listener, "onFinding");
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

        /** The clock for ages: it measures intervals, and does not jump. */
        Builder intervalClockNanos(LongSupplier value) {
            intervalClockNanos = value;
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
            if (keepEndedOrders != null
                    && (keepEndedOrders.isNegative() || keepEndedOrders.compareTo(Duration.ofDays(36_500)) > 0)) {
                throw new IllegalArgumentException(
                        "keepEndedOrders " + keepEndedOrders + ": expected 0 to 36,500 days");
            }
            if (maxEndedOrders < 0) {
                throw new IllegalArgumentException("maxEndedOrders " + maxEndedOrders + ": expected 0 or more");
            }
            // Checks the words.
            var unused = new OrderStatus(normaliseStatus, statusWords);
            return new OrderLogConfig(new Builder(this));
        }
    }
}
