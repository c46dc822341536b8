package io.veloz.wal.archive;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;

/** Settings of a {@link WalShipper}. Immutable; any thread may use it, for any number of shippers. */
public final class ShipperConfig {
    private final Builder values;

    private ShipperConfig(Builder values) {
        this.values = values;
    }

    /**
     * For an archive that a URI names, as {@link ObjectStores#open(String)} opens it. Each shipper opens a store of its own
     * when it starts, and closes it when it ends.
     */
    public static Builder builder(String uri) {
        Objects.requireNonNull(uri, "uri");
        return new Builder(() -> ObjectStores.open(uri), true);
    }

    /** For an archive in a store of one's own; no shipper closes it. Close it after the last one. */
    public static Builder builder(ObjectStore store) {
        Objects.requireNonNull(store, "store");
        return new Builder(() -> store, false);
    }

    /** The store for one shipper. */
    ObjectStore openStore() {
        return values.store.get();
    }

    boolean closesStore() {
        return values.closesStore;
    }

    public Duration flushInterval() {
        return values.flushInterval;
    }

    public int maxTailBytes() {
        return values.maxTailBytes;
    }

    public Duration checkpointInterval() {
        return values.checkpointInterval;
    }

    public Duration tailGrace() {
        return values.tailGrace;
    }

    public SpoolPolicy spoolPolicy() {
        return values.spoolPolicy;
    }

    public boolean guardsTrimming() {
        return values.guardsTrimming;
    }

    public long uploadBytesPerSecond() {
        return values.uploadBytesPerSecond;
    }

    public Duration lagBound() {
        return values.lagBound;
    }

    public Duration closeTimeout() {
        return values.closeTimeout;
    }

    public ShipperListener listener() {
        return values.listener;
    }

    public Clock clock() {
        return values.clock;
    }

    /** Collects settings. It belongs to one thread. */
    public static final class Builder {
        private final Supplier<ObjectStore> store;
        private final boolean closesStore;
        private Duration flushInterval = Duration.ofSeconds(1);
        private int maxTailBytes = 4 * 1024 * 1024;
        private Duration checkpointInterval = Duration.ofHours(1);
        private Duration tailGrace = Duration.ofHours(1);
        private SpoolPolicy spoolPolicy = SpoolPolicy.KEEP;
        private boolean guardsTrimming = true;
        private long uploadBytesPerSecond = Long.MAX_VALUE;
        private Duration lagBound = Duration.ofSeconds(30);
        private Duration closeTimeout = Duration.ofSeconds(10);
        private ShipperListener listener = ShipperListener.NONE;
        private Clock clock = Clock.systemUTC();

        private Builder(Supplier<ObjectStore> store, boolean closesStore) {
            this.store = store;
            this.closesStore = closesStore;
        }

        private Builder(Builder other) {
            this(other.store, other.closesStore);
            flushInterval = other.flushInterval;
            maxTailBytes = other.maxTailBytes;
            checkpointInterval = other.checkpointInterval;
            tailGrace = other.tailGrace;
            spoolPolicy = other.spoolPolicy;
            guardsTrimming = other.guardsTrimming;
            uploadBytesPerSecond = other.uploadBytesPerSecond;
            lagBound = other.lagBound;
            closeTimeout = other.closeTimeout;
            listener = other.listener;
            clock = other.clock;
        }

        // ---- what is guaranteed

        /** How often durable records are shipped, if there are any: about what a lost site costs. 1 s. */
        public Builder flushInterval(Duration value) {
            flushInterval = positive("flushInterval", value);
            return this;
        }

        /** What happens when the archive cannot take it all. {@link SpoolPolicy#KEEP}. */
        public Builder spoolPolicy(SpoolPolicy value) {
            spoolPolicy = Objects.requireNonNull(value, "spoolPolicy");
            return this;
        }

        /** Whether the log keeps its segments until they are archived. True. */
        public Builder guardsTrimming(boolean value) {
            guardsTrimming = value;
            return this;
        }

        /** How long tails stay after their segment is archived as a whole. Longer than any list is late. 1 h. */
        public Builder tailGrace(Duration value) {
            tailGrace = positive("tailGrace", value);
            return this;
        }

        /** How far the archive may be behind before {@link ShipperListener#onLagging} is called. 30 s. */
        public Builder lagBound(Duration value) {
            lagBound = positive("lagBound", value);
            return this;
        }

        /** How long {@link WalShipper#close} tries to ship the rest. 10 s. */
        public Builder closeTimeout(Duration value) {
            closeTimeout = positive("closeTimeout", value);
            return this;
        }

        // ---- speed and cost only

        /** How large a tail gets, before it is compressed. 4 MiB. */
        public Builder maxTailBytes(int value) {
            if (value < 1 || value > 64 * 1024 * 1024) {
                throw new IllegalArgumentException("maxTailBytes " + value + ": expected 1 to 64 MiB");
            }
            maxTailBytes = value;
            return this;
        }

        /** How often the newest checkpoint is archived, if there is a newer one. 1 h. */
        public Builder checkpointInterval(Duration value) {
            checkpointInterval = positive("checkpointInterval", value);
            return this;
        }

        /**
         * How fast segments and checkpoints are uploaded at the most, and tails of segments that are already sealed, each of
         * the two. Tails of the segment that is written are not held back. No limit.
         */
        public Builder uploadBytesPerSecond(long value) {
            if (value < 1) {
                throw new IllegalArgumentException("uploadBytesPerSecond " + value + ": expected 1 or more");
            }
            uploadBytesPerSecond = value;
            return this;
        }

        // ---- components

        /** Is told what happens. Nobody. */
        public Builder listener(ShipperListener value) {
            listener = Objects.requireNonNull(value, "listener");
            return this;
        }

        /** For the times in slots, which people read and nothing depends on. The system's clock. */
        public Builder clock(Clock value) {
            clock = Objects.requireNonNull(value, "clock");
            return this;
        }

        public ShipperConfig build() {
            return new ShipperConfig(new Builder(this));
        }

        private static Duration positive(String name, Duration value) {
            if (value.isZero() || value.isNegative()) {
                throw new IllegalArgumentException(name + " " + value + ": expected more than 0");
            }
            return value;
        }
    }
}
