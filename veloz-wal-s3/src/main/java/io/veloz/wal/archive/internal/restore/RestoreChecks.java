package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The checks before a restore starts, and before its result is published. Each message contains the next step. It belongs to
 * one thread.
 */
final class RestoreChecks {
    /** A time below 1/500 of the archive's has another unit: microseconds are nanoseconds divided by 1,000. */
    private static final long MAX_TIME_RATIO = 500;

    private final ObjectStore store;
    private final RestoreOptions options;
    private final Staging staging;

    RestoreChecks(ObjectStore store, RestoreOptions options, Staging staging) {
        this.store = store;
        this.options = options;
        this.staging = staging;
    }

    /** Checks that the options fit together. */
    static void checkOptions(RestoreOptions options) {
        boolean isWhole = !options.isUpToAPoint() && !options.acceptsGaps() && !options.merges();
        if (options.beginsAtCheckpoint() && !isWhole) {
            throw new IllegalArgumentException(
                    "fromCheckpoint restores the end of the whole archive into a directory without"
                            + " a log; expected neither a point, nor acceptGaps, nor merge");
        }
    }

    /** Checks that the archive contains the requested records, without gaps that are not accepted. */
    void checkPoint(Proof proof, RestoreSelection selection, Floor floor) {
        checkEnd(proof);
        checkTime(proof, floor);
        long until = options.untilSequence();
        long first = proof.identity().firstSequence();
        if (floor.isRaised() && until < first) {
            throw retired("record " + until, proof, floor);
        }
        long last = proof.archived().sequence();
        if (until != Long.MAX_VALUE && (until > last || until < first)) {
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    null,
                    first,
                    last,
                    store.describe() + " contains records " + first + " to " + last + "; requested record " + until
                            + "; take one of them",
                    null);
        }
        if (!options.acceptsGaps() && !selection.gaps().isEmpty()) {
            LostRange gap = selection.gaps().get(0);
            throw gap(gap.firstSequence(), gap.lastSequence(), gap.reason());
        }
        long covered = Checkpoints.upTo(proof, selection.lastSequence()).stream()
                .findFirst()
                .map(Attachment::sequence)
                .orElse(0L);
        if (!options.acceptsGaps() && first > 1 && last >= first && covered < first - 1) {
            throw gap(1, first - 1, "the archive starts after them, and has no checkpoint that covers them");
        }
    }

    /** Checks that everything that is selected can be decrypted, before the first byte is fetched. */
    void checkKeys(Proof proof, RestoreSelection selection, DataKeys keys) {
        for (Segment segment : selection.segments()) {
            checkKey(keys, segment.stored().encryption(), segment.firstSequence(), segment.lastSequence());
        }
        for (TailSlot tail : selection.tails()) {
            checkKey(
                    keys,
                    tail.tail().encryption(),
                    tail.tail().firstSequence(),
                    tail.tail().lastSequence());
        }
        Checkpoints.upTo(proof, selection.lastSequence()).stream()
                .findFirst()
                .ifPresent(
                        newest -> checkKey(keys, newest.stored().encryption(), newest.sequence(), newest.sequence()));
    }

    private void checkKey(DataKeys keys, @Nullable Encryption encryption, long first, long last) {
        if (encryption != null && !keys.has(encryption.keyId())) {
            throw new WalRestoreException(
                    Reason.KEY_MISSING,
                    null,
                    first,
                    last,
                    store.describe() + ": records " + first + " to " + last + ", and possibly others, are encrypted by"
                            + " the key \"" + encryption.keyId() + "\"" + MissingKeyException.NEXT,
                    null);
        }
    }

    /** Checks that the archive contains the record that is known to be archived. */
    private void checkEnd(Proof proof) {
        long last = proof.archived().sequence();
        if (last < options.atLeast()) {
            throw new WalRestoreException(
                    Reason.ARCHIVE_TOO_SHORT,
                    null,
                    last + 1,
                    options.atLeast(),
                    store.describe() + " ends with record " + last + "; expected record " + options.atLeast()
                            + " or later; check whether the newest objects in ship/ were deleted, or restore without that"
                            + " condition",
                    null);
        }
    }

    /** Checks that the archive contains the requested time, as far as this is known without its records. */
    private void checkTime(Proof proof, Floor floor) {
        long until = options.untilTimeNanos();
        if (until == Long.MAX_VALUE) {
            return;
        }
        long earliest = earliestNanos(proof);
        if (until > 0 && until < earliest / MAX_TIME_RATIO) {
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    "time " + until + " is " + instant(until) + " in nanoseconds since 1970, and " + store.describe()
                            + " starts about " + instant(earliest) + "; expected nanoseconds, not seconds, milliseconds"
                            + " or microseconds: pass about " + earliest + " or later",
                    null);
        }
        @Nullable
        Segment first = proof.segments().isEmpty() ? null : proof.segments().get(0);
        if (first != null
                && first.firstSequence() == proof.identity().firstSequence()
                && until < first.minTimestampNanos()) {
            if (floor.isRaised()) {
                throw retired("everything up to " + instant(until), proof, floor);
            }
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    store.describe() + " starts at " + instant(first.minTimestampNanos())
                            + "; requested everything up to " + instant(until) + "; take a later point",
                    null);
        }
    }

    /** Returns the time of the first record, or of the archive if it has only tails, whose times are not known yet. */
    private static long earliestNanos(Proof proof) {
        if (!proof.segments().isEmpty()) {
            return proof.segments().get(0).minTimestampNanos();
        }
        return Math.max(0, proof.identity().created().getEpochSecond()) * 1_000_000_000L;
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }

    private WalRestoreException retired(String requested, Proof proof, Floor floor) {
        return new WalRestoreException(
                Reason.RETIRED,
                null,
                1,
                floor.cut().sequence() - 1,
                store.describe() + ": the records before " + floor.cut().sequence() + " were retired by care record "
                        + floor.record() + "; requested " + requested + "; take a record from "
                        + proof.identity().firstSequence() + " (" + instant(floor.minTimestampNanos()) + ") to "
                        + proof.archived().sequence(),
                null);
    }

    private WalRestoreException gap(long first, long last, String reason) {
        return new WalRestoreException(
                Reason.GAP,
                null,
                first,
                last,
                store.describe() + " has no records " + first + " to " + last + ": " + reason
                        + "; restore up to record " + (first - 1) + ", or the available records with acceptGaps",
                null);
    }

    /** Checks that a new log does not replace another log. */
    void checkNewLog(RestorePlan plan) {
        if (plan.newLog()) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    staging.target() + " contains the log, and a restore up to a point, or across a gap, creates a new"
                            + " one; restore into another directory",
                    null);
        }
    }

    /** Checks that the log in the target may be merged with the archive. */
    void checkMerge(TargetLog local, TargetLog.Relation relation, RestorePlan plan) {
        if (!options.merges()) {
            String state = relation == TargetLog.Relation.BEHIND
                    ? "the log up to record " + local.report().lastSequence()
                    : "the log, which is damaged";
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    staging.target() + " contains " + state + ", and the archive has it up to record "
                            + plan.archivedSequence()
                            + "; restore with merge (--merge) to use both, or into another directory",
                    null);
        }
    }

    /** Checks that there is enough free space. */
    void checkSpace(RestorePlan plan, @Nullable TargetLog local) throws IOException {
        long needed = plan.neededBytes() - staging.stagedBytes();
        if (local != null) {
            needed += local.report().segments().stream()
                    .mapToLong(SegmentReport::dataBytes)
                    .sum();
        }
        long usable = staging.usableBytes();
        if (needed > usable) {
            throw new WalRestoreException(
                    Reason.NO_SPACE,
                    staging.target() + " has " + usable + " bytes of free space; expected " + needed
                            + "; free space, and retry",
                    null);
        }
    }

    /** Checks that the restored log is sound, and ends where the plan ends. */
    static void checkComplete(RecoveryReport found, RestorePlan plan) {
        checkSound(found, plan);
        if (found.lastSequence() < plan.lastSequence()) {
            throw unsound(plan, "it ends with record " + found.lastSequence() + "; expected " + plan.lastSequence());
        }
    }

    /** Checks that the restored log is sound, and has the right id. */
    static void checkSound(RecoveryReport found, RestorePlan plan) {
        for (SegmentReport segment : found.segments()) {
            if (!segment.isGood()) {
                throw unsound(plan, segment.file() + ": " + segment.verdict() + " " + segment.detail());
            }
        }
        if (!found.logId().equals(plan.logId())) {
            throw unsound(plan, "its segments belong to log " + found.logId());
        }
    }

    private static WalRestoreException unsound(RestorePlan plan, String why) {
        return new WalRestoreException(
                Reason.DAMAGED,
                plan.archive() + " was fetched as it was stored, and is not a sound log " + plan.logId() + ": " + why
                        + "; it was damaged before it was archived: restore up to the record before the damage",
                null);
    }
}
