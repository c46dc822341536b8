package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.RestoreOptions;
import io.veloz.wal.RestorePlan;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What has to hold before a restore begins, and before its result gets its name; each refusal says what to do next. It
 * belongs to one thread.
 */
final class RestoreChecks {
    private final ObjectStore store;
    private final RestoreOptions options;
    private final Workplace place;

    RestoreChecks(ObjectStore store, RestoreOptions options, Workplace place) {
        this.store = store;
        this.options = options;
        this.place = place;
    }

    /** The point that is asked for is in the archive, and nothing before it is missing that was not accepted. */
    void point(Proof proof, Wanted wanted) {
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
        long covered = Wanted.checkpoint(proof, wanted.lastSequence())
                .map(Attachment::sequence)
                .orElse(0L);
        if (!options.acceptsGaps() && first > 1 && last >= first && covered < first - 1) {
            throw gap(1, first - 1, "the archive begins behind them, and has no checkpoint that covers them");
        }
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

    /** The log that is in the target may be used. */
    void merging(LocalLog local, LocalLog.Relation relation, RestorePlan plan) {
        if (plan.newLog()) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    place.target() + " holds the log, and a restore up to a point, or over a gap, makes a new one;"
                            + " restore into another directory",
                    null);
        }
        if (!options.merges()) {
            String state = relation == LocalLog.Relation.BEHIND
                    ? "the log up to record " + local.report().lastSequence()
                    : "the log, which is damaged";
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    place.target() + " holds " + state + ", and the archive has it up to record "
                            + plan.archivedSequence()
                            + "; restore with merge to use both, or into another directory",
                    null);
        }
    }

    /** There is room for all that the plan needs. */
    void space(RestorePlan plan, @Nullable LocalLog local) throws IOException {
        long needed = plan.neededBytes() - place.partialBytes();
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
