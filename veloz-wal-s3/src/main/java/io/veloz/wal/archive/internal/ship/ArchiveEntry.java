package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.LostSlots;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.time.Clock;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is asked before a writer may take office at all: is this the archive of this log, can the store hold one, and has
 * the log what an archive of it needs. It belongs to one thread.
 */
final class ArchiveEntry {
    private final LocalLog log;
    private final ShipLog shipLog;
    private final Clock clock;
    private LostSlots.@Nullable BeforeEpoch lostSlots;

    /** A start whose requests fail now and then goes on where it was. */
    private final Set<String> emptyPlaces = new HashSet<>();

    ArchiveEntry(LocalLog log, ShipLog shipLog, Clock clock) {
        this.log = log;
        this.shipLog = shipLog;
        this.clock = clock;
    }

    /**
     * Says whose archive it is, and creates it if there is none.
     *
     * @throws WalShippingRefusedException if it is another log's, or has lost its log.json
     */
    LogIdentity identity() throws IOException {
        String logId = log.logId();
        Optional<LogIdentity> there = shipLog.logJson();
        if (there.isEmpty() && shipLog.holdsObjects(emptyPlaces)) {
            there = shipLog.logJson();
            // Looked for again: another writer may just have created the archive.
            if (there.isEmpty()) {
                throw refused(
                        Reason.LOST_IDENTITY,
                        "log.json is missing, and the archive holds objects. It is never created a second time: put it"
                                + " back, from a version or a copy, or from \"logJson\" in an EPOCH slot");
            }
        }
        if (there.isEmpty()) {
            LocalLog.Range range = log.range();
            LogIdentity mine = new LogIdentity(
                    logId, log.files().prefix(), clock.instant(), range.firstSegment(), range.firstSequence());
            if (range.firstSequence() > 1) {
                requiredCheckpoint(range.firstSequence());
            }
            if (shipLog.create(mine)) {
                return mine;
            }
            there = shipLog.logJson();
        }
        LogIdentity found = there.orElseThrow(
                () -> new IOException(shipLog.store().describe() + ": log.json is there, and is not"));
        if (!found.logId().equals(logId)) {
            throw refused(
                    Reason.OTHER_LOG,
                    "the archive is of log " + found.logId() + ", the local log is " + logId
                            + ": ship to another place, or restore the log that the archive is of");
        }
        if (!found.prefix().equals(log.files().prefix())) {
            throw refused(
                    Reason.OTHER_LOG,
                    "log.json has the prefix " + found.prefix() + ", the local log "
                            + log.files().prefix() + ": ship to another place, or put log.json back if it was changed");
        }
        return found;
    }

    /**
     * Compares log.json with the slots, and the tip with what was uploaded.
     *
     * @return false if the tip must be looked for again first
     * @throws WalShippingRefusedException if log.json was changed, or the newest slots were lost
     */
    boolean checkTip(LogIdentity identity, Tip tip) throws IOException {
        if (tip.slot() != null) {
            Optional<String> mismatch = ChainIdentity.mismatch(shipLog, identity, tip.slot());
            if (mismatch.isPresent()) {
                throw refused(Reason.OTHER_LOG, mismatch.get() + ": put log.json back, from a version or a copy");
            }
        }
        if (lostSlots == null) {
            lostSlots = new LostSlots.BeforeEpoch(shipLog, identity);
        }
        Optional<LostSlots.Evidence> lost = lostSlots.against(tip.slot());
        if (lost.isPresent()) {
            throw refused(
                    Reason.LOST_SLOTS,
                    lost.get().key() + ": " + lost.get().reason()
                            + ". Put the slots after slot " + tip.number()
                            + " back, from a version or a copy, or ship to"
                            + " another place");
        }
        return !lostSlots.mustLookAgain();
    }

    /**
     * All rests on put-if-absent. The same bytes once more do no harm where it does not hold.
     *
     * @throws WalShippingRefusedException if the store creates what is there
     */
    void checkStore(LogIdentity there) throws IOException {
        if (shipLog.create(there)) {
            throw refused(
                    Reason.STORE_UNFIT,
                    "the store created log.json again, which is there: put-if-absent does not hold in it, so two writers"
                            + " would overwrite each other. Ship to a store that has it");
        }
    }

    /** The checkpoint that stands for the records before the first one. */
    WalCheckpoint requiredCheckpoint(long firstSequence) {
        return log.newestCheckpoint()
                .filter(checkpoint -> checkpoint.sequence() >= firstSequence - 1)
                .orElseThrow(() -> refused(
                        Reason.CHECKPOINT_MISSING,
                        "the local log begins with record " + firstSequence
                                + ", and has no checkpoint for what was before: write one, then ship"));
    }

    private WalShippingRefusedException refused(Reason reason, String message) {
        return log.refused(shipLog.store(), reason, message);
    }
}
