package io.veloz.wal.archive;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;

/** Settings of an {@link ArchiveFollower}. Immutable and thread-safe. */
public final class FollowerConfig {
    private final Builder values;

    private FollowerConfig(Builder values) {
        this.values = values;
    }

    /**
     * Returns a builder for the archive at a URI, see {@link ObjectStores#open(String)}. Each follower opens its own store when
     * it starts, and closes it when it ends.
     *
     * @param directory of the standby: empty at the first start
     */
    public static Builder builder(String uri, Path directory) {
        Objects.requireNonNull(uri, "uri");
        return new Builder(() -> ObjectStores.open(uri), true, directory);
    }

    /**
     * Returns a builder for the archive in a store. The caller closes the store after the last follower.
     *
     * @param directory of the standby: empty at the first start
     */
    public static Builder builder(ObjectStore store, Path directory) {
        Objects.requireNonNull(store, "store");
        return new Builder(() -> store, false, directory);
    }

    ObjectStore openStore() {
        return values.store.get();
    }

    boolean closesStore() {
        return values.closesStore;
    }

    /** Returns the directory of the standby. */
    public Path directory() {
        return values.directory;
    }

    public Duration pollInterval() {
        return values.pollInterval;
    }

    public Duration listInterval() {
        return values.listInterval;
    }

    /** Returns after what time the writer is expected to put a slot, if none of its BEATs states it; zero if it is not known. */
    public Duration beatInterval() {
        return values.beatInterval;
    }

    public Clock clock() {
        return values.clock;
    }

    /** Returns whether a promotion is refused if it would encrypt by a key of which the archive has no copy. */
    public boolean requiresEscrow() {
        return values.requiresEscrow;
    }

    /** Builds a {@link FollowerConfig}. It belongs to one thread. */
    public static final class Builder {
        private final Supplier<ObjectStore> store;
        private final boolean closesStore;
        private final Path directory;
        private Duration pollInterval = Duration.ofSeconds(1);
        private Duration listInterval = Duration.ofSeconds(60);
        private Duration beatInterval = Duration.ZERO;
        private Clock clock = Clock.systemUTC();
        private boolean requiresEscrow = true;

        private Builder(Supplier<ObjectStore> store, boolean closesStore, Path directory) {
            this.store = store;
            this.closesStore = closesStore;
            this.directory = Objects.requireNonNull(directory, "directory");
        }

        private Builder(Builder from) {
            this(from.store, from.closesStore, from.directory);
            pollInterval = from.pollInterval;
            listInterval = from.listInterval;
            beatInterval = from.beatInterval;
            clock = from.clock;
            requiresEscrow = from.requiresEscrow;
        }

        /** Sets how often the next slot is read if it did not exist: one GET each. Default: 1 s. */
        public Builder pollInterval(Duration value) {
            pollInterval = positive("pollInterval", value);
            return this;
        }

        /**
         * Sets how often the slots are listed while no slot appears: one LIST each. A slot that the shipper has dropped is found
         * by that list only. Default: 60 s.
         */
        public Builder listInterval(Duration value) {
            listInterval = positive("listInterval", value);
            return this;
        }

        /**
         * Sets the beat interval of the writer ({@link ShipperConfig.Builder#beatInterval}), so that a writer that has died before
         * this follower started is detected. What the last BEAT states counts more. Default: zero, for not known.
         */
        public Builder beatInterval(Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException(
                        "beatInterval " + value + ": expected a duration, or 0 for not known");
            }
            beatInterval = value;
            return this;
        }

        /** Sets the clock for the lag and for the times in slots, which are informational. Default: UTC. */
        public Builder clock(Clock value) {
            clock = Objects.requireNonNull(value, "clock");
            return this;
        }

        /**
         * Sets whether a promotion is refused, before it fences the writer, if the archive has no copy of the key that it would
         * encrypt by. A shipper in the directory is refused then: see {@link ShipperConfig.Builder#requireEscrow}, which has
         * the same value. Default: true.
         */
        public Builder requireEscrow(boolean value) {
            requiresEscrow = value;
            return this;
        }

        private static Duration positive(String name, Duration value) {
            if (value.isZero() || value.isNegative()) {
                throw new IllegalArgumentException(name + " " + value + ": expected a positive duration");
            }
            return value;
        }

        public FollowerConfig build() {
            return new FollowerConfig(new Builder(this));
        }
    }
}
