package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.LostSlots;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;

/**
 * Acquires the epoch with which a standby replaces the writer of an archive: a compare-and-swap on the last epoch. The local
 * log may be behind the archive. It is completed afterwards, when no other writer can add a slot. An instance is confined to
 * one thread.
 *
 * <p>Order matters: the writer is recorded in the directory before its EPOCH slot is put. After a crash the next claim
 * recognizes that epoch as its own, and acquires a further one. An epoch of any other directory ends the claim, unless it is
 * the one that the operator has named. The claim never names a later one itself, or of two standbys that are promoted at once
 * the second would fence the first.
 */
public final class StandbyClaim {
    private final ShipLog shipLog;
    private final LogIdentity identity;
    private final DirectoryFile file;
    private final long over;
    private final long applied;
    private final Clock clock;
    private final BeforePut beforePut;
    private final LostSlots.BeforeEpoch lostSlots;
    private SlotWriter writer;

    /** Whether the archive ended once before a slot that this directory knows. */
    private boolean isSuspect;

    /** The last slot of the archive, as far as it was read. */
    private long last;

    /** Called before an EPOCH slot is put with a number. From then on it may arrive at any time. */
    @FunctionalInterface
    public interface BeforePut {
        void put(long number) throws IOException;
    }

    /**
     * An acquired epoch.
     *
     * @param slot its EPOCH slot
     */
    public record Acquired(SlotRef slot, long epoch) {}

    /**
     * @param over the epoch that the operator has seen, and replaces
     * @param applied the last slot that the standby has applied; 0 if there is none
     */
    public StandbyClaim(
            ShipLog shipLog,
            LogIdentity identity,
            DirectoryFile file,
            long over,
            long applied,
            Clock clock,
            BeforePut beforePut) {
        this.shipLog = shipLog;
        this.identity = identity;
        this.file = file;
        this.over = over;
        this.applied = applied;
        this.clock = clock;
        this.beforePut = beforePut;
        this.lostSlots = new LostSlots.BeforeEpoch(shipLog, identity);
        this.writer = create(Math.max(applied, file.kept().number()));
    }

    private SlotWriter create(long hint) {
        return SlotWriter.create(shipLog, identity, file.instance(), clock, hint);
    }

    /**
     * Takes one step, which makes about one request.
     *
     * @return empty if further steps are needed
     * @throws ArchiveFollowException if another writer has acquired an epoch that the operator has not seen, or slots were lost
     * @throws IOException if the request failed; call again
     */
    public Optional<Acquired> step() throws IOException {
        switch (writer.phase()) {
            case CHECK -> check(writer.tip());
            case READY -> {
                Acquired acquired = new Acquired(writer.tip().kept(), writer.epoch());
                file.confirmed(writer.id(), acquired.slot());
                // For a shipper in a process of its own, which refuses to replace a recent writer without a permission.
                file.permit(acquired.epoch());
                return Optional.of(acquired);
            }
            case FENCED, BROKEN -> {
                last = writer.winner().number();
                throw lost(writer.winner());
            }
            default -> writer.step();
        }
        return Optional.empty();
    }

    private void check(Tip tip) throws IOException {
        file.read();
        // Also a slot that this directory has put itself: without a second sight of a shorter archive it would search
        // forever.
        long known = Math.max(applied, file.kept().number());
        if (known > tip.number() && isSuspect) {
            throw lostSlots("the archive ends with slot " + tip.number() + ", and this standby has "
                    + (known == applied ? "applied" : "put") + " slot " + known);
        }
        isSuspect = known > tip.number();
        Optional<LostSlots.Evidence> evidence = lostSlots.against(tip.slot());
        evidence = evidence.isPresent() ? evidence : Witnesses.lostAfter(shipLog, identity, tip.number(), tip.epoch());
        if (evidence.isPresent()) {
            throw lostSlots(evidence.get().key() + ": " + evidence.get().reason());
        }
        if (isSuspect || lostSlots.needsRecheck()) {
            writer = create(0);
            return;
        }
        Slot slot = tip.slot();
        if (slot == null) {
            throw lostSlots("the archive has no slot");
        }
        last = slot.number();
        boolean isOurs = file.hasWritten(slot.writer());
        if (!isOurs && slot.epoch() != over) {
            throw lost(slot);
        }
        // Before the fence: a standby that cannot read the last records must not fence their writer.
        Optional<String> key = EncryptionCheck.keyBefore(shipLog, slot);
        if (key.isPresent()) {
            shipLog.keys().require(key.get(), shipLog.store().describe());
        }
        beforePut.put(tip.number() + 1);
        file.add(writer.id());
        Epoch epoch = isOurs
                ? ShippingRight.epoch(shipLog, identity, Slot.Reason.START, 0)
                : ShippingRight.epoch(shipLog, identity, Slot.Reason.PROMOTION, slot.epoch());
        writer.claim(epoch, file.instance());
    }

    /** Returns the number of the last slot of the archive, as far as it was read. */
    public long last() {
        return last;
    }

    private ArchiveFollowException lost(Slot winner) {
        return new ArchiveFollowException(
                Reason.LOST_PROMOTION,
                shipLog.store().describe() + ": writer " + winner.writer() + " on host " + winner.host()
                        + " has epoch " + winner.epoch() + " since " + winner.written() + "; expected epoch " + over
                        + " to be the last one. It was started again, or another standby was promoted. If it is stopped"
                        + " for good and this standby is to replace it, promote over epoch " + winner.epoch());
    }

    private ArchiveFollowException lostSlots(String what) {
        return new ArchiveFollowException(
                Reason.LOST_SLOTS,
                shipLog.store().describe() + ": " + what
                        + ". Slots were deleted, or the archive was replaced by an older copy. Restore the slots from a"
                        + " version or a copy, then promote again");
    }
}
