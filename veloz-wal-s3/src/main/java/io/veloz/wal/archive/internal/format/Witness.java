package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import java.time.Instant;

/**
 * What a writer states about the end of the ship log in an object outside of it. A prefix of the ship log is itself a valid
 * one, so only such an object can show that the last slots were lost. Immutable. See docs/archive.md, "Witness records".
 *
 * @param kind why it was put
 * @param logId 32 hex digits: the log that the archive belongs to
 * @param origin SHA-256 of {@code log.json}
 * @param logJson the text of {@code log.json}
 * @param epoch of the writer
 * @param writer 32 hex digits, unique among all writers
 * @param host of the writer; informational
 * @param written by the clock of the writer; informational
 * @param tip the last slot then
 * @param kept the last slot up to the tip that is never deleted
 * @param archived the end of the archive with the tip
 */
public record Witness(
        Kind kind,
        String logId,
        String origin,
        String logJson,
        long epoch,
        String writer,
        String host,
        Instant written,
        SlotRef tip,
        SlotRef kept,
        Archived archived) {
    /** Why a witness record was put. */
    public enum Kind {
        /** The writer ended on purpose: the tip is the last slot of its epoch. */
        END,
        /** The writer repeats the end of the archive in another store, from time to time. */
        ANCHOR
    }
}
