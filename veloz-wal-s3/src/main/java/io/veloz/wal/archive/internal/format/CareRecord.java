package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import java.time.Instant;

/**
 * A numbered object under {@code care/}: a step of the care of an archive, and the whole state after it. Immutable. See
 * docs/archive.md, "Care records".
 *
 * @param logId 32 hex digits: the log that the archive belongs to
 * @param origin SHA-256 of {@code log.json}
 * @param number 1, 2, 3 …
 * @param kind the step
 * @param writer 32 hex digits, unique among the processes that put records: two equal steps are two records
 * @param host that put it; informational
 * @param written by the clock of that host; informational, does not define an order
 * @param previous SHA-256 of the record before; {@link Digest#NONE} in the first one
 * @param tip the last slot of the ship log when the record was made
 * @param kept the last kept slot of the ship log then, which is never deleted
 * @param point the number of the newest recovery point then; 0 if there was none
 * @param state the state after this step
 */
public record CareRecord(
        String logId,
        String origin,
        long number,
        Kind kind,
        String writer,
        String host,
        Instant written,
        String previous,
        SlotRef tip,
        SlotRef kept,
        long point,
        CareState state) {

    /** A step. */
    public enum Kind {
        /** Announces what will be retired after a grace. */
        PLAN,
        /** Raises the floor: the objects below it are retired, and may be deleted from now on. */
        DELETE,
        /** Closes a plan. If it follows a DELETE, its objects are deleted. */
        DONE,
        /** Keeps all records from one on. */
        HOLD,
        /** Ends a hold. */
        RELEASE,
        /** States how far a level of the verification has come. */
        VERIFIED
    }
}
