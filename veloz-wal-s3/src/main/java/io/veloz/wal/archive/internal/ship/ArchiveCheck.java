package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.LostSlots;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import java.io.IOException;
import java.time.Clock;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The checks before a writer acquires an epoch: whether the archive belongs to this log, whether the store supports
 * put-if-absent, and whether the log has what an archive of it needs. An instance is confined to one thread.
 */
final class ArchiveCheck {
    private final LocalLog log;
    private final ShipLog shipLog;
    private final Clock clock;
    private LostSlots.@Nullable BeforeEpoch lostSlots;

    /** Prefixes without objects. They are kept, so that a start whose requests fail now and then makes progress. */
    private final Set<String> emptyPrefixes = new HashSet<>();

    ArchiveCheck(LocalLog log, ShipLog shipLog, Clock clock) {
        this.log = log;
        this.shipLog = shipLog;
        this.clock = clock;
    }

    /**
     * Returns the identity of the archive, which is created if it does not exist.
     *
     * @throws WalShippingRefusedException if it belongs to another log, or its log.json is missing
     */
    LogIdentity identity() throws IOException {
        String logId = log.logId();
        Optional<LogIdentity> existing = shipLog.logJson();
        if (existing.isEmpty() && shipLog.hasObjects(emptyPrefixes)) {
            existing = shipLog.logJson();
            // Read a second time, as another writer may have created the archive just now.
            if (existing.isEmpty()) {
                throw refused(
                        Reason.LOST_IDENTITY,
                        "log.json is missing, and the archive contains objects. A shipper never creates it a second time:"
                                + " put it again from the slots (repair URI --identity), or from a version or a copy");
            }
        }
        if (existing.isEmpty()) {
            LocalLog.Range range = log.range();
            LogIdentity created = new LogIdentity(
                    logId, log.files().prefix(), clock.instant(), range.firstSegment(), range.firstSequence());
            if (range.firstSequence() > 1) {
                requiredCheckpoint(range.firstSequence());
            }
            if (shipLog.create(created)) {
                return created;
            }
            existing = shipLog.logJson();
        }
        LogIdentity found = existing.orElseThrow(
                () -> new IOException(shipLog.store().describe() + ": log.json exists, but a read does not find it"));
        if (!found.logId().equals(logId)) {
            throw refused(
                    Reason.OTHER_LOG,
                    "the archive belongs to log " + found.logId() + ", the local log is " + logId
                            + ": ship to another archive, or restore the log that this archive belongs to");
        }
        if (!found.prefix().equals(log.files().prefix())) {
            throw refused(
                    Reason.OTHER_LOG,
                    "log.json has the prefix " + found.prefix() + ", the local log "
                            + log.files().prefix()
                            + ": ship to another archive, or restore log.json if it was changed");
        }
        return found;
    }

    /**
     * Compares log.json with the slots, and the tip with the uploaded objects.
     *
     * @param anchor the last record in a second store
     * @return false if the search for the tip has to be repeated first
     * @throws WalShippingRefusedException if log.json was changed, or the newest slots were lost
     */
    boolean checkTip(LogIdentity identity, Tip tip, Optional<Witness> anchor) throws IOException {
        if (tip.slot() != null) {
            Optional<String> mismatch = ChainIdentity.mismatch(shipLog, identity, tip.slot());
            if (mismatch.isPresent()) {
                throw refused(
                        Reason.OTHER_LOG,
                        mismatch.get()
                                + ": put it again from the slots (repair URI --identity), or from a version or a copy");
            }
        }
        if (lostSlots == null) {
            lostSlots = new LostSlots.BeforeEpoch(shipLog, identity);
        }
        Optional<LostSlots.Evidence> lost = lostSlots.against(tip.slot());
        if (lost.isPresent()) {
            throw refused(
                    Reason.LOST_SLOTS,
                    lost.get().key() + ": " + lost.get().reason() + ". Restore the slots after slot " + tip.number()
                            + " from a version or a copy, or ship to another archive");
        }
        Optional<LostSlots.Evidence> ended = Witnesses.lostAfter(shipLog, identity, tip.number(), tip.epoch());
        if (ended.isPresent()) {
            throw refused(
                    Reason.LOST_SLOTS,
                    ended.get().key() + ": " + ended.get().reason()
                            + ". Restore the slots from a version or a copy, or ship" + " to another archive");
        }
        if (anchor.isPresent()) {
            checkAnchored(Witnesses.lost(shipLog, anchor.get(), tip.number()));
        }
        return !lostSlots.needsRecheck();
    }

    /**
     * Compares the last record in a second store, which was read only after this writer had acquired its epoch. So slots of this
     * writer may have the numbers of the lost ones.
     *
     * @param tip the last slot before the EPOCH of this writer
     * @throws WalShippingRefusedException if slots were lost
     */
    void checkLate(Witness anchor, long tip, SlotWriter writer) throws IOException {
        // All slots after the tip are of this writer, unless another one has acquired a later epoch.
        boolean isReplaced = anchor.tip().number() > tip
                && anchor.epoch() <= writer.epoch()
                && !anchor.writer().equals(writer.id());
        checkAnchored(
                isReplaced
                        ? Optional.of("at " + anchor.written() + " writer " + anchor.writer() + " had put slot "
                                + anchor.tip().number() + ", and the slots ended with slot " + tip
                                + " when this writer began")
                        : Witnesses.lost(shipLog, anchor, writer.tip().number()));
    }

    private void checkAnchored(Optional<String> lost) {
        if (lost.isPresent()) {
            throw refused(
                    Reason.LOST_SLOTS,
                    "the anchor states: " + lost.get()
                            + ". Restore the slots from a version or a copy, or ship to another archive");
        }
    }

    /**
     * Checks that the store supports put-if-absent, on which the protocol depends. If it does not, log.json is overwritten
     * by the same bytes, which is harmless.
     *
     * @throws WalShippingRefusedException if the store overwrites an existing object
     */
    void checkStore(LogIdentity existing) throws IOException {
        if (shipLog.create(existing)) {
            throw refused(
                    Reason.STORE_UNFIT,
                    "the store created log.json although it exists: it does not support put-if-absent, so two writers"
                            + " would overwrite each other. Ship to a store that supports it");
        }
    }

    /** Returns the checkpoint that replaces the records before the first one. */
    WalCheckpoint requiredCheckpoint(long firstSequence) {
        return log.newestCheckpoint()
                .filter(checkpoint -> checkpoint.sequence() >= firstSequence - 1)
                .orElseThrow(() -> refused(
                        Reason.CHECKPOINT_MISSING,
                        "the local log begins with record " + firstSequence
                                + ", and has no checkpoint that covers the records before it: write one, then ship"));
    }

    private WalShippingRefusedException refused(Reason reason, String message) {
        return log.refused(shipLog.store(), reason, message);
    }
}
