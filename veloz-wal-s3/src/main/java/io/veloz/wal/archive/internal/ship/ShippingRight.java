package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.Optional;

/**
 * Checks, before an epoch is acquired, that this directory may ship to the archive: it acquired the last epoch itself, or the
 * operator has named the epoch that it replaces. Otherwise an old primary that is started again would take the archive back
 * from the directory that replaced it. An instance is confined to one thread.
 */
final class ShippingRight {
    private final LocalLog log;
    private final ShipLog shipLog;
    private final DirectoryFile file;
    private final LocalCheck localCheck;
    private final long takeOver;

    /** Whether the confirmed slot was missing once. */
    private boolean isSuspect;

    /** @param takeOver the epoch that this directory may replace; 0 for none */
    ShippingRight(LocalLog log, ShipLog shipLog, DirectoryFile file, LocalCheck localCheck, long takeOver) {
        this.log = log;
        this.shipLog = shipLog;
        this.file = file;
        this.localCheck = localCheck;
        this.takeOver = takeOver;
    }

    /**
     * Checks that the archive still has the last slot that it confirmed to this directory.
     *
     * @return false if the tip has to be searched again first, because a list may be stale
     * @throws io.veloz.wal.WalShippingRefusedException if the slot is missing, or another one has its number
     */
    boolean checkConfirmed(Tip tip) throws IOException {
        SlotRef confirmed = file.kept();
        if (confirmed.number() == 0 || isPresent(confirmed, tip)) {
            isSuspect = false;
            return true;
        }
        if (!isSuspect) {
            isSuspect = true;
            return false;
        }
        throw log.refused(
                shipLog.store(),
                Reason.LOST_SLOTS,
                "the store confirmed slot " + confirmed.number() + " with SHA-256 " + confirmed.sha256()
                        + " to this directory; "
                        + (tip.number() < confirmed.number()
                                ? "the archive ends with slot " + tip.number()
                                : "another slot has that number, or none")
                        + ". Slots were deleted, or the archive was replaced by an older copy. Restore the slots from a"
                        + " version or a copy, or ship to another archive");
    }

    private boolean isPresent(SlotRef confirmed, Tip tip) throws IOException {
        if (confirmed.number() > tip.number()) {
            return false;
        }
        Optional<Decoded> found = shipLog.check(confirmed.number());
        return found.isPresent() && found.get().sha256().equals(confirmed.sha256());
    }

    /**
     * Returns the EPOCH with which this directory continues after a tip, and records the writer. Empty if the tip has to be
     * searched again: another shipper of this directory has put later slots, and what seemed to be the tip may be a stray.
     *
     * @throws io.veloz.wal.WalShippingRefusedException if another directory acquired the last epoch, and the operator has not
     *     named it
     */
    Optional<Epoch> acquire(LogIdentity identity, Tip tip, String writer) throws IOException {
        Slot last = tip.slot();
        file.read();
        if (file.kept().number() > tip.number()) {
            return Optional.empty();
        }
        if (last == null || last.format() == 1 || file.hasWritten(last.writer())) {
            file.add(writer);
            return Optional.of(epoch(shipLog, identity, Slot.Reason.START, 0));
        }
        if (last.epoch() != takeOver && last.epoch() != file.takeOver()) {
            throw log.refused(
                    shipLog.store(),
                    Reason.SUPERSEDED,
                    "another directory of this log, on host " + last.host() + ", acquired epoch " + last.epoch()
                            + " and shipped until " + last.written()
                            + permitted()
                            + next(last));
        }
        file.add(writer);
        return Optional.of(epoch(shipLog, identity, Slot.Reason.TAKEOVER, last.epoch()));
    }

    /** Returns the EPOCH of a writer, which states the key that it encrypts with. */
    static Epoch epoch(ShipLog shipLog, LogIdentity identity, Slot.Reason reason, long observed) {
        String key = shipLog.keys().activeId();
        return new Epoch(identity.text(), reason, observed, key == null ? "" : key);
    }

    /** Returns the next step. A log that ends before the archive could not continue it: its take-over would be refused, too. */
    private String next(Slot last) throws IOException {
        long archived = last.archived().sequence();
        long local = localCheck.range(last.archived()).lastSequence();
        return local < archived
                ? ". The archive has records up to " + archived + ", and this log only up to " + local
                        + ". If that directory is stopped for good, restore the log again, into another directory, and"
                        + " take over the epoch in the report of the restore"
                : ". If that directory is stopped for good and this one is to continue, take over epoch "
                        + last.epoch();
    }

    private String permitted() {
        long epoch = Math.max(takeOver, file.takeOver());
        return epoch == 0 ? "" : "; this directory may replace epoch " + epoch;
    }

    /** Returns the instance of this directory. It is known when a writer is recorded: another shipper may create the file first. */
    String instance() {
        return file.instance();
    }

    /** A kept slot of a writer of this directory is in the chain. */
    void confirmed(String writer, SlotRef kept) throws IOException {
        file.confirmed(writer, kept);
    }
}
