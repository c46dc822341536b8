package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The status of a shipper. Immutable. The values are read one after another while the shipper runs. */
public final class ShipperStatus {
    private final Builder values;

    /** The state of a shipper. */
    public enum State {
        /** It searches for the end of the archive and acquires the next epoch. */
        STARTING,
        /** It ships, or waits for records to ship. */
        SHIPPING,
        /** A step failed, and is retried with a backoff. */
        TROUBLE,
        /** Another writer has acquired a later epoch. Start a new shipper to fence that writer in turn. */
        FENCED,
        /** Log and archive are inconsistent. */
        REFUSED,
        /** It was closed. */
        CLOSED
    }

    /** Numbers of requests, including those that failed. */
    public record Requests(long puts, long gets, long lists, long deletes) {}

    /** The values of a status. Confined to one thread, and not used after {@link #build}. */
    static final class Builder {
        private final String archive;
        private final State state;
        private long epoch;
        private long archivedSequence;
        private long durableSequence;
        private long lagBytes;
        private Duration lag = Duration.ZERO;
        private long spoolBytes = -1;
        private Requests requests = new Requests(0, 0, 0, 0);
        private long bytesSent;
        private long hedgedPuts;
        private long errors;
        private String lastError = "";
        private @Nullable Instant lastErrorAt;
        private @Nullable WalFencedException fenced;
        private @Nullable WalShippingRefusedException refused;

        Builder(String archive, State state) {
            this.archive = archive;
            this.state = state;
        }

        Builder epoch(long value) {
            epoch = value;
            return this;
        }

        Builder sequences(long archived, long durable) {
            archivedSequence = archived;
            durableSequence = durable;
            return this;
        }

        Builder lag(Duration time, long bytes) {
            lag = time;
            lagBytes = bytes;
            return this;
        }

        Builder spoolBytes(long value) {
            spoolBytes = value;
            return this;
        }

        Builder requests(Requests value, long sent) {
            requests = value;
            bytesSent = sent;
            return this;
        }

        Builder hedgedPuts(long value) {
            hedgedPuts = value;
            return this;
        }

        Builder errors(long count, String last, @Nullable Instant lastAt) {
            errors = count;
            lastError = last;
            lastErrorAt = lastAt;
            return this;
        }

        Builder failure(@Nullable Exception failure) {
            fenced = failure instanceof WalFencedException e ? e : null;
            refused = failure instanceof WalShippingRefusedException e ? e : null;
            return this;
        }

        ShipperStatus build() {
            return new ShipperStatus(this);
        }
    }

    private ShipperStatus(Builder values) {
        this.values = values;
    }

    /** Returns the URI of the archive, without credentials. */
    public String archive() {
        return values.archive;
    }

    public State state() {
        return values.state;
    }

    /** Returns the epoch of this shipper; 0 before it has acquired one. */
    public long epoch() {
        return values.epoch;
    }

    /** Returns the last archived record. All records before it are archived or in a declared gap, too. */
    public long archivedSequence() {
        return values.archivedSequence;
    }

    /** Returns the last durable record of the log, as far as the shipper knows. */
    public long durableSequence() {
        return values.durableSequence;
    }

    /** Returns the number of durable records that are not archived. */
    public long lagRecords() {
        return values.durableSequence - values.archivedSequence;
    }

    /** Returns the approximate number of durable bytes that are not archived. */
    public long lagBytes() {
        return values.lagBytes;
    }

    /**
     * Returns the time since the archive last contained all durable records. It grows while nothing is archived, even if no
     * record is appended.
     */
    public Duration lag() {
        return values.lag;
    }

    /** Returns the size of the sealed segments that have not been uploaded; -1 before it is known. */
    public long spoolBytes() {
        return values.spoolBytes;
    }

    public Requests requests() {
        return values.requests;
    }

    /** Returns the number of bytes uploaded to the store. */
    public long bytesSent() {
        return values.bytesSent;
    }

    /** Returns how many puts were sent a second time, because their answer took unusually long. */
    public long hedgedPuts() {
        return values.hedgedPuts;
    }

    /** Returns the number of steps that failed. */
    public long errors() {
        return values.errors;
    }

    /** Returns the message of the last error; empty if there was none. */
    public String lastError() {
        return values.lastError;
    }

    /** Returns the time of the last error; null if there was none. */
    public @Nullable Instant lastErrorAt() {
        return values.lastErrorAt;
    }

    /** Returns the exception that names the later writer; null if this shipper is not fenced. */
    public @Nullable WalFencedException fenced() {
        return values.fenced;
    }

    /** Returns why log and archive are inconsistent; null if they are not. */
    public @Nullable WalShippingRefusedException refused() {
        return values.refused;
    }

    /** Returns all values in one line, for logs and incident reports. The format may change. */
    @Override
    public String toString() {
        Exception failure = values.fenced != null ? values.fenced : values.refused;
        Requests r = values.requests;
        return "shipper of " + archive() + ": " + state() + ", epoch " + epoch() + ", archived " + archivedSequence()
                + ", durable " + durableSequence() + ", lag " + lagRecords() + " records, " + lagBytes() + " bytes, "
                + lag() + ", spool " + spoolBytes() + " bytes, requests " + r.puts() + " put, " + r.gets() + " get, "
                + r.lists() + " list, " + r.deletes() + " delete, sent " + bytesSent() + " bytes, hedged "
                + hedgedPuts() + " put, errors " + errors()
                + (lastErrorAt() == null ? "" : ", last error at " + lastErrorAt() + ": " + lastError())
                + (failure == null ? "" : ", ended: " + Objects.toString(failure.getMessage()));
    }
}
