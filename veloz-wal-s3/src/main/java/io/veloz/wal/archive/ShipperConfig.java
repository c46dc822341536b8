package io.veloz.wal.archive;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.spi.RecordKeys;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link WalShipper}. Immutable and thread-safe; can be used for any number of shippers. */
public final class ShipperConfig {
    private final Builder values;

    private ShipperConfig(Builder values) {
        this.values = values;
    }

    /**
     * Returns a builder for the archive at a URI, see {@link ObjectStores#open(String)}. Each shipper opens its own store when
     * it starts, and closes it when it ends.
     */
    public static Builder builder(String uri) {
        Objects.requireNonNull(uri, "uri");
        return new Builder(() -> ObjectStores.open(uri), true);
    }

    /** Returns a builder for the archive in a store. The caller closes the store after the last shipper. */
    public static Builder builder(ObjectStore store) {
        Objects.requireNonNull(store, "store");
        return new Builder(() -> store, false);
    }

    /** Returns the store for one shipper. */
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

    /** Opens the second store; null if none is set. */
    @Nullable
    ObjectStore openAnchor() {
        return values.anchor == null ? null : values.anchor.get();
    }

    boolean closesAnchor() {
        return values.closesAnchor;
    }

    public Duration anchorInterval() {
        return values.anchorInterval;
    }

    /** Returns after what time without a slot a BEAT is put; zero for never. */
    public Duration beatInterval() {
        return values.beatInterval;
    }

    /** Returns the epoch that this directory takes over; 0 for none. */
    public long takeOver() {
        return values.takeOver;
    }

    /** Returns whether an archive that was encrypted may be continued in the clear. */
    public boolean allowsPlain() {
        return values.allowsPlain;
    }

    /** Returns whether the archive must contain an encrypted copy of the active key. */
    public boolean requiresEscrow() {
        return values.requiresEscrow;
    }

    public boolean guardsTrimming() {
        return values.guardsTrimming;
    }

    public long uploadBytesPerSecond() {
        return values.uploadBytesPerSecond;
    }

    public long partBytes() {
        return values.partBytes;
    }

    public boolean hedgesPuts() {
        return values.hedgesPuts;
    }

    /** Returns what finds the keys of records for the index of the archive; empty if none is made. */
    public Optional<RecordKeys> recordKeys() {
        return Optional.ofNullable(values.recordKeys);
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

    /** Builds settings. Confined to one thread. */
    public static final class Builder {
        private final Supplier<ObjectStore> store;
        private final boolean closesStore;
        private Duration flushInterval = Duration.ofSeconds(1);
        private int maxTailBytes = 4 * 1024 * 1024;
        private Duration checkpointInterval = Duration.ofHours(1);
        private Duration tailGrace = Duration.ofHours(1);
        private SpoolPolicy spoolPolicy = SpoolPolicy.KEEP;
        private boolean guardsTrimming = true;
        private boolean allowsPlain;
        private boolean requiresEscrow = true;
        private long takeOver;
        private Duration beatInterval = Duration.ZERO;
        private @Nullable Supplier<ObjectStore> anchor;
        private boolean closesAnchor;
        private Duration anchorInterval = Duration.ofMinutes(10);
        private long uploadBytesPerSecond = Long.MAX_VALUE;
        private long partBytes = 16 * 1024 * 1024;
        private boolean hedgesPuts = true;
        private @Nullable RecordKeys recordKeys;
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
            allowsPlain = other.allowsPlain;
            requiresEscrow = other.requiresEscrow;
            takeOver = other.takeOver;
            beatInterval = other.beatInterval;
            anchor = other.anchor;
            closesAnchor = other.closesAnchor;
            anchorInterval = other.anchorInterval;
            uploadBytesPerSecond = other.uploadBytesPerSecond;
            partBytes = other.partBytes;
            hedgesPuts = other.hedgesPuts;
            recordKeys = other.recordKeys;
            lagBound = other.lagBound;
            closeTimeout = other.closeTimeout;
            listener = other.listener;
            clock = other.clock;
        }

        // ---- what is guaranteed

        /** Sets how often durable records are shipped, which is roughly the loss if the site is lost. Default: 1 s. */
        public Builder flushInterval(Duration value) {
            flushInterval = positive("flushInterval", value);
            return this;
        }

        /** Sets the policy for segments that cannot be archived. Default: {@link SpoolPolicy#KEEP}. */
        public Builder spoolPolicy(SpoolPolicy value) {
            spoolPolicy = Objects.requireNonNull(value, "spoolPolicy");
            return this;
        }

        /** Sets whether the log keeps its segments until they are archived. Default: true. */
        public Builder guardsTrimming(boolean value) {
            guardsTrimming = value;
            return this;
        }

        /**
         * Sets whether a shipper without keys continues an archive that was encrypted. Default: false; it is refused with
         * {@code KEY_MISSING}, so that a key that was forgotten does not publish the records.
         */
        public Builder allowPlain(boolean value) {
            allowsPlain = value;
            return this;
        }

        /**
         * Sets whether an encrypting shipper is refused while the archive contains no copy of the active key that the recovery
         * keys can open, see {@link ArchiveEncryption#escrow}. Without that copy, a loss of the key is a loss of the archive.
         * Default: true.
         */
        public Builder requireEscrow(boolean value) {
            requiresEscrow = value;
            return this;
        }

        /**
         * Lets this directory continue an archive that another directory of the log has shipped to, as after a restore: if the
         * last epoch of the archive is that one, this shipper acquires the next. The other directory is fenced, and refused
         * when it starts again. Has no effect once this directory has acquired an epoch. Default: 0, for none.
         */
        public Builder takeOver(long epoch) {
            if (epoch < 0) {
                throw new IllegalArgumentException("takeOver " + epoch + ": expected an epoch, or 0 for none");
            }
            takeOver = epoch;
            return this;
        }

        /**
         * Sets a second store, in which the shipper repeats every {@link #anchorInterval} which slot is the last one. The next
         * start, also in a restored directory, compares it with the archive, and is refused with {@code LOST_SLOTS} if the archive
         * has lost slots since, for example because a bucket was rolled back. Use another account, or another provider. A second
         * store that fails never stops shipping; it is a failure in {@link ShipperStatus#lastError}. Default: none.
         */
        public Builder anchor(String uri) {
            Objects.requireNonNull(uri, "uri");
            anchor = () -> ObjectStores.open(uri);
            closesAnchor = true;
            return this;
        }

        /** Does the same with a store, which the caller closes after the last shipper. */
        public Builder anchor(ObjectStore store) {
            Objects.requireNonNull(store, "store");
            anchor = () -> store;
            closesAnchor = false;
            return this;
        }

        /** Sets how often the last slot is repeated in the second store: one PUT each. Default: 10 min. */
        public Builder anchorInterval(Duration value) {
            anchorInterval = positive("anchorInterval", value);
            return this;
        }

        /**
         * Sets after what time without anything to ship an empty slot, a BEAT, is put: one PUT each. It shows a standby that this
         * writer is alive and has the archive. Versions before 0.1.0 that know no BEAT refuse the archive as unknown while they
         * meet one. Default: zero, for never.
         */
        public Builder beatInterval(Duration value) {
            if (value.isNegative() || (!value.isZero() && value.toMillis() == 0)) {
                throw new IllegalArgumentException(
                        "beatInterval " + value + ": expected at least 1 ms, or 0 for never");
            }
            beatInterval = value;
            return this;
        }

        /**
         * Sets how long tails are kept after their segment was archived. It has to exceed the time by which a list of the
         * store can be stale. Default: 1 h.
         */
        public Builder tailGrace(Duration value) {
            tailGrace = positive("tailGrace", value);
            return this;
        }

        /** Sets the lag above which {@link ShipperListener#onLagging} is called. Default: 30 s. */
        public Builder lagBound(Duration value) {
            lagBound = positive("lagBound", value);
            return this;
        }

        /** Sets how long {@link WalShipper#close} tries to ship the remaining records. Default: 10 s. */
        public Builder closeTimeout(Duration value) {
            closeTimeout = positive("closeTimeout", value);
            return this;
        }

        // ---- speed and cost only

        /** Sets the maximum size of a tail, uncompressed. Default: 4 MiB. */
        public Builder maxTailBytes(int value) {
            if (value < 1 || value > 64 * 1024 * 1024) {
                throw new IllegalArgumentException("maxTailBytes " + value + ": expected 1 to 64 MiB");
            }
            maxTailBytes = value;
            return this;
        }

        /** Sets how often the newest checkpoint is archived, if there is a new one. Default: 1 h. */
        public Builder checkpointInterval(Duration value) {
            checkpointInterval = positive("checkpointInterval", value);
            return this;
        }

        /**
         * Limits the bandwidth of uploads of segments and checkpoints, and separately that of the tails of sealed segments.
         * Tails of the active segment are not limited. Default: no limit.
         */
        public Builder uploadBytesPerSecond(long value) {
            if (value < 1) {
                throw new IllegalArgumentException("uploadBytesPerSecond " + value + ": expected 1 or more");
            }
            uploadBytesPerSecond = value;
            return this;
        }

        /**
         * Sets the size of the parts of large segments, uncompressed: a segment with data of more than four parts is uploaded in
         * parts, four at a time, so that a connection that breaks does not begin it again. A segment of more than 64 parts has
         * 64 larger ones. Default: 16 MiB, so that segments of up to 64 MiB are one object.
         */
        public Builder partBytes(long value) {
            if (value < 4 * 1024 || value > 1024 * 1024 * 1024) {
                throw new IllegalArgumentException("partBytes " + value + ": expected 4 KiB to 1 GiB");
            }
            partBytes = value;
            return this;
        }

        /**
         * Sets whether a slot is put a second time, on another connection, when its put takes three times as long as 95 % of the
         * latest ones. Costs at most one request more in 20 puts. Has no effect on an archive in a directory. Default: true.
         */
        public Builder hedgesPuts(boolean value) {
            hedgesPuts = value;
            return this;
        }

        // ---- components

        /**
         * Sets what finds the keys of records. Then the shipper makes an index of each segment that it has archived, on a thread of
         * its own and after the commit, so that a failure delays nothing; see {@link ArchiveIndex}. Takes up to 75 MB of memory
         * for a segment with two million different keys, 5 MB for one with 100,000. Default: none; no index is made.
         */
        public Builder recordKeys(RecordKeys value) {
            recordKeys = Objects.requireNonNull(value, "recordKeys");
            return this;
        }

        /** Sets the listener that receives the events of the shipper. Default: none. */
        public Builder listener(ShipperListener value) {
            listener = Objects.requireNonNull(value, "listener");
            return this;
        }

        /** Sets the clock for the times in slots, which are informational. Default: the system clock in UTC. */
        public Builder clock(Clock value) {
            clock = Objects.requireNonNull(value, "clock");
            return this;
        }

        public ShipperConfig build() {
            return new ShipperConfig(new Builder(this));
        }

        private static Duration positive(String name, Duration value) {
            if (value.isZero() || value.isNegative()) {
                throw new IllegalArgumentException(name + " " + value + ": expected a positive duration");
            }
            return value;
        }
    }
}
