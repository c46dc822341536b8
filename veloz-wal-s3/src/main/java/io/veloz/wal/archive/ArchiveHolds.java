package io.veloz.wal.archive;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveCareException.Reason;
import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.care.DamagedRecord;
import io.veloz.wal.archive.internal.format.CareCodec;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Hold;
import io.veloz.wal.archive.store.ObjectStore;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Holds keep the records of an archive from a record on, whatever retention is configured to keep. Stateless. */
public final class ArchiveHolds {
    private ArchiveHolds() {}

    /**
     * Keeps all records from one on, until the hold is released. It is in force when this method returns, also against a plan
     * that is open, and against a retention that runs now.
     *
     * @param firstSequence the first record to keep; 0 for all that are not retired
     * @param reason for those who find the hold later, up to 128 characters
     * @throws ArchiveCareException if the records are retired already, or there are too many holds
     * @throws WalRestoreException if the store failed. The hold may be in force; see {@link #list}
     */
    public static ArchiveCare.Hold hold(ObjectStore store, long firstSequence, String reason) {
        return hold(new CareAccess(store), firstSequence, reason);
    }

    static ArchiveCare.Hold hold(CareAccess care, long firstSequence, String reason) {
        String text = CareCodec.text(reason);
        return care.run(() -> {
            CareRecord put = care.writer().put(Kind.HOLD, tip -> held(care, tip, firstSequence, text));
            Hold hold = Objects.requireNonNull(put.state().holds().get(put.number()));
            return new ArchiveCare.Hold(put.number(), hold.sequence(), hold.reason(), hold.host(), hold.made());
        });
    }

    private static CareState held(CareAccess care, Tip tip, long firstSequence, String reason) {
        CareState state = tip.state();
        long floor = Math.max(1, state.floor().cut().sequence());
        long first = firstSequence == 0 ? floor : firstSequence;
        if (first < floor) {
            throw new ArchiveCareException(
                    Reason.RETIRED,
                    care.store().describe() + ": the records before " + floor + " were retired by care record "
                            + state.floor().record() + "; cannot hold record " + first + "; hold from " + floor
                            + " on");
        }
        if (state.holds().size() >= CareState.MAX_HOLDS) {
            throw new ArchiveCareException(
                    Reason.TOO_MANY,
                    care.store().describe() + " has " + state.holds().size()
                            + " holds; release those that are not needed any more");
        }
        return state.holding(
                tip.number() + 1,
                new Hold(
                        first, reason, CareAccess.host(), care.clock().instant().truncatedTo(ChronoUnit.MILLIS)));
    }

    /**
     * Ends a hold.
     *
     * @throws ArchiveCareException if there is no such hold
     * @throws WalRestoreException if the store failed. The hold may be released; see {@link #list}
     */
    public static void release(ObjectStore store, long number) {
        release(new CareAccess(store), number);
    }

    static void release(CareAccess care, long number) {
        care.run(() -> care.writer().put(Kind.RELEASE, tip -> {
            if (!tip.state().holds().containsKey(number)) {
                throw new ArchiveCareException(
                        Reason.NO_SUCH_HOLD,
                        care.store().describe() + " has no hold " + number + "; it has "
                                + tip.state().holds().keySet());
            }
            return tip.state().releasing(number);
        }));
    }

    /**
     * What was put after a damaged care record.
     *
     * @param record the number of the record after it
     * @param isDelete whether that record retires objects that are missing; otherwise it is the hold
     * @param hold the number of the hold of all records that are not retired
     * @param firstSequence the first record that is not retired, from which on everything is held
     * @param reason why the record has this kind
     */
    public record Skipped(long record, boolean isDelete, long hold, long firstSequence, String reason) {}

    /**
     * Continues the care of an archive whose last care record is damaged: without it no care record can be put any more. Use it only
     * if no intact copy of that record exists, and no retention runs. The damaged record may have been a hold, so a hold of all
     * records that are not retired is put; release it when all needed holds are made again. Recorded verifications end. If the
     * objects of an open plan are missing as a deletion leaves them, up to some record, and no hold and no need is before that
     * record, then the damaged record was the deletion: these objects are retired before the hold is put, and no others.
     *
     * @param record the number of the damaged record
     * @param needs which records recovery points need; see the backup module
     * @throws ArchiveCareException if that is not the last record, or it can be read
     * @throws WalRestoreException if the store failed, or the record before it is damaged, too. If the next record was put, hold all
     *     records
     */
    public static Skipped skipDamaged(ObjectStore store, long record, RetentionNeeds needs) {
        return skipDamaged(new CareAccess(store), record, Optional.of(needs));
    }

    /** Does the same for needs that are not known: if there are recovery points, nothing is retired. */
    public static Skipped skipDamaged(ObjectStore store, long record) {
        return skipDamaged(new CareAccess(store), record);
    }

    static Skipped skipDamaged(CareAccess care, long record) {
        return skipDamaged(care, record, Optional.empty());
    }

    static Skipped skipDamaged(CareAccess care, long record, Optional<RetentionNeeds> needs) {
        return care.run(() -> {
            DamagedRecord.Skipped put = care.damagedRecord().skip(record, needs);
            return new Skipped(
                    put.record().number(),
                    put.record().kind() == Kind.DELETE,
                    put.hold().number(),
                    Math.max(1, put.hold().state().floor().cut().sequence()),
                    put.why());
        });
    }

    /** Returns the holds that are in force, oldest first. */
    public static List<ArchiveCare.Hold> list(ObjectStore store) {
        return ArchiveCare.of(store).holds();
    }
}
