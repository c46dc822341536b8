package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What has to hold before a restore begins, and before its result gets its name; each refusal says what to do next. It
 * belongs to one thread.
 */
final class RestoreChecks {
    /** A time that is so much smaller than the archive's is in another unit: seconds are nanoseconds divided by 10⁹. */
    private static final long MAX_TIME_RATIO = 500;

    private final ObjectStore store;
    private final RestoreOptions options;
    private final Staging place;

    RestoreChecks(ObjectStore store, RestoreOptions options, Staging place) {
        this.store = store;
        this.options = options;
        this.place = place;
    }

    /** The archive holds what is requested, and nothing before it is missing that was not accepted. */
    void point(Proof proof, Wanted wanted) {
        end(proof);
        time(proof);
        long until = options.untilSequence();
        long first = proof.identity().firstSequence();
        long last = proof.archived().sequence();
        if (until != Long.MAX_VALUE && (until > last || until < first)) {
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    null,
                    first,
                    last,
                    store.describe() + " holds records " + first + " to " + last + "; asked for all up to " + until
                            + "; take one of them",
                    null);
        }
        if (!options.acceptsGaps() && !wanted.gaps().isEmpty()) {
            LostRange gap = wanted.gaps().get(0);
            throw gap(gap.firstSequence(), gap.lastSequence(), gap.reason());
        }
        long covered = Checkpoints.upTo(proof, wanted.lastSequence()).stream()
                .findFirst()
                .map(Attachment::sequence)
                .orElse(0L);
        if (!options.acceptsGaps() && first > 1 && last >= first && covered < first - 1) {
            throw gap(1, first - 1, "the archive begins behind them, and has no checkpoint that covers them");
        }
    }

    /** The archive reaches as far as is known to be archived. */
    private void end(Proof proof) {
        long last = proof.archived().sequence();
        if (last < options.atLeast()) {
            throw new WalRestoreException(
                    Reason.ARCHIVE_TOO_SHORT,
                    null,
                    last + 1,
                    options.atLeast(),
                    store.describe() + " ends with record " + last + "; expected record " + options.atLeast()
                            + " at least; look for newest objects in ship/ that were deleted, or restore without that"
                            + " condition",
                    null);
        }
    }

    /** The time is in the archive, as far as is known without its records. */
    private void time(Proof proof) {
        long until = options.untilTimeNanos();
        if (until == Long.MAX_VALUE) {
            return;
        }
        long earliest = earliestNanos(proof);
        if (until > 0 && until < earliest / MAX_TIME_RATIO) {
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    "time " + until + " is " + instant(until) + " in nanoseconds since 1970, and " + store.describe()
                            + " begins about " + instant(earliest) + "; expected nanoseconds, not seconds, milliseconds"
                            + " or microseconds: pass about " + earliest + " or later",
                    null);
        }
        @Nullable
        Segment first = proof.segments().isEmpty() ? null : proof.segments().get(0);
        if (first != null
                && first.firstSequence() == proof.identity().firstSequence()
                && until < first.minTimestampNanos()) {
            throw new WalRestoreException(
                    Reason.BEYOND_ARCHIVE,
                    store.describe() + " begins at " + instant(first.minTimestampNanos())
                            + "; requested everything up to " + instant(until) + "; take a later point",
                    null);
        }
    }

    /** Of its records, or of the objects if only tails are there, whose records' times are not known yet. */
    private static long earliestNanos(Proof proof) {
        if (!proof.segments().isEmpty()) {
            return proof.segments().get(0).minTimestampNanos();
        }
        return Math.max(0, proof.identity().created().getEpochSecond()) * 1_000_000_000L;
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }

    private WalRestoreException gap(long first, long last, String reason) {
        return new WalRestoreException(
                Reason.GAP,
                null,
                first,
                last,
                store.describe() + " has no records " + first + " to " + last + ": " + reason
                        + "; restore up to record " + (first - 1) + ", or what there is with acceptGaps",
                null);
    }

    /** A new log takes no other log's place. */
    void newLog(RestorePlan plan) {
        if (plan.newLog()) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    place.target() + " holds the log, and a restore up to a point, or over a gap, makes a new one;"
                            + " restore into another directory",
                    null);
        }
    }

    /** The log that is in the target may be merged with the archive. */
    void merging(LocalLog local, LocalLog.Relation relation, RestorePlan plan) {
        if (!options.merges()) {
            String state = relation == LocalLog.Relation.BEHIND
                    ? "the log up to record " + local.report().lastSequence()
                    : "the log, which is damaged";
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    place.target() + " holds " + state + ", and the archive has it up to record "
                            + plan.archivedSequence()
                            + "; restore with merge (--merge) to use both, or into another directory",
                    null);
        }
    }

    /** There is room for all that the plan needs. */
    void space(RestorePlan plan, @Nullable LocalLog local) throws IOException {
        long needed = plan.neededBytes() - place.stagedBytes();
        if (local != null) {
            needed += local.report().segments().stream()
                    .mapToLong(SegmentReport::dataBytes)
                    .sum();
        }
        long usable = place.usableBytes();
        if (needed > usable) {
            throw new WalRestoreException(
                    Reason.NO_SPACE,
                    place.target() + " has room for " + usable + " bytes; expected " + needed
                            + "; make room, and call again",
                    null);
        }
    }

    /** What was put together is the log that the plan promised. */
    static void whole(RecoveryReport found, RestorePlan plan) {
        sound(found, plan);
        if (found.lastSequence() < plan.lastSequence()) {
            throw unsound(plan, "it ends with record " + found.lastSequence() + "; expected " + plan.lastSequence());
        }
    }

    /** What was put together is a log, and the right one. */
    static void sound(RecoveryReport found, RestorePlan plan) {
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
                plan.archive() + " was fetched as it was stored, and is no whole log " + plan.logId() + ": " + why
                        + "; it was damaged before it was stored: restore up to the record before",
                null);
    }
}
