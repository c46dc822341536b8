package io.veloz.wal.archive;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;

/** Settings of a {@link WalShipper}. Immutable; any thread may use it. */
public final class ShipperConfig {
    private final Builder values;

    private ShipperConfig(Builder values) {
        this.values = values;
    }

    /** For an archive that a URI names, as {@link ObjectStores#open(String)} does; the shipper closes the store. */
    public static Builder builder(String uri) {
        return new Builder(ObjectStores.open(uri), true);
    }

    /** For an archive in a store of one's own; the shipper does not close it. */
    public static Builder builder(ObjectStore store) {
        return new Builder(store, false);
    }

    public ObjectStore store() {
        return values.store;
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

    public double putPricePer1000() {
        return values.putPricePer1000;
    }

    public double getPricePer1000() {
        return values.getPricePer1000;
    }

    public ShipperListener listener() {
        return values.listener;
    }

    public Clock clock() {
        return values.clock;
    }

    /** Collects settings. It belongs to one thread. */
    public static final class Builder {
        private final ObjectStore store;
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
        private double putPricePer1000 = 0.005;
        private double getPricePer1000 = 0.0004;
        private ShipperListener listener = ShipperListener.NONE;
        private Clock clock = Clock.systemUTC();

        private Builder(ObjectStore store, boolean closesStore) {
            this.store = Objects.requireNonNull(store, "store");
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
            putPricePer1000 = other.putPricePer1000;
            getPricePer1000 = other.getPricePer1000;
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

        /** How fast segments and checkpoints are uploaded at the most; tails are not held back. No limit. */
        public Builder uploadBytesPerSecond(long value) {
            if (value < 1) {
                throw new IllegalArgumentException("uploadBytesPerSecond " + value + ": expected 1 or more");
            }
            uploadBytesPerSecond = value;
            return this;
        }

        /** What 1,000 puts or lists cost, for the estimate in the status. 0.005, S3 Standard in us-east-1, in US dollars. */
        public Builder putPricePer1000(double value) {
            putPricePer1000 = value;
            return this;
        }

        /** What 1,000 gets cost. 0.0004. */
        public Builder getPricePer1000(double value) {
            getPricePer1000 = value;
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
