package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How an archive's writer is doing. Immutable. The numbers are taken one after the other while it goes on.
 *
 * @param archive where, without any secret
 * @param state what it is doing
 * @param epoch its term of office; 0 before it has one
 * @param archivedSequence every record up to this one is in the archive
 * @param durableSequence the last durable record, as far as the shipper knows
 * @param lagRecords durable records that are not archived
 * @param lagBytes about how many bytes that is
 * @param lag how long ago the archive had everything; grows while it cannot be reached, whether the log goes on or not
 * @param spoolBytes of sealed segments that are not archived as a whole; -1 before that is known
 * @param requests how many requests were made, by kind
 * @param bytesSent to the store
 * @param errors how many steps failed
 * @param lastError in words; empty if there was none
 * @param lastErrorAt null if there was none
 * @param fenced who has taken over; null if nobody has
 * @param refused why log and archive do not fit together; null if they do
 */
public record ShipperStatus(
        String archive,
        State state,
        long epoch,
        long archivedSequence,
        long durableSequence,
        long lagRecords,
        long lagBytes,
        Duration lag,
        long spoolBytes,
        Requests requests,
        long bytesSent,
        long errors,
        String lastError,
        @Nullable Instant lastErrorAt,
        @Nullable WalFencedException fenced,
        @Nullable WalShippingRefusedException refused) {

    /** What a shipper is doing. */
    public enum State {
        /** It looks for the end of the archive, and takes office. */
        STARTING,
        /** It ships, or waits for something to ship. */
        SHIPPING,
        /** Something went wrong; it is tried again. */
        TROUBLE,
        /** Another writer has taken over. Start anew to take over in turn. */
        FENCED,
        /** Log and archive do not fit together. */
        REFUSED,
        /** It was closed. */
        CLOSED
    }

    /** How many requests were made, those that failed too. */
    public record Requests(long puts, long gets, long lists, long deletes) {}
}
