package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveCareException.Reason;
import io.veloz.wal.archive.internal.care.CareChain.Tip;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Puts care records after the one that a step is based on. Confined to one thread. */
public final class CareWriter {
    private static final int ATTEMPTS = 5;

    private final ShipLog shipLog;
    private final Retries retries;
    private final LogIdentity identity;
    private final CareChain chain;
    private final Clock clock;
    private final String host;
    private final String writer = newId();

    public CareWriter(ObjectStore store, Retries retries, LogIdentity identity, Clock clock, String host) {
        this.shipLog = new ShipLog(store);
        this.retries = retries;
        this.identity = identity;
        this.chain = new CareChain(store, retries, identity);
        this.clock = clock;
        this.host = host;
    }

    private static String newId() {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    public CareChain chain() {
        return chain;
    }

    /** Changes a state. Throws an exception if the state does not allow it. */
    @FunctionalInterface
    public interface Step {
        CareState apply(Tip tip) throws IOException;
    }

    /**
     * Makes a step from the last record, and again from a later one if another process was faster.
     *
     * @return the record
     */
    public CareRecord put(Kind kind, Step step) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Tip tip = chain.tip();
            Optional<CareRecord> put = putAfter(tip, kind, step.apply(tip));
            if (put.isPresent()) {
                return put.get();
            }
        }
        throw new IOException(shipLog.store().describe() + ": other processes put " + ATTEMPTS
                + " care records meanwhile; run it again");
    }

    /**
     * Puts the record after one that was read. Returns an empty result if another record has its number: what the step was
     * based on may have changed.
     *
     * @throws ArchiveCareException if slots were lost: the record that was read is the evidence, and a later one would hide it
     */
    public Optional<CareRecord> putAfter(Tip tip, Kind kind, CareState state) throws IOException {
        Optional<String> lost = lostSlots(tip);
        if (lost.isPresent()) {
            throw new ArchiveCareException(
                    Reason.LOST_SLOTS, shipLog.store().describe() + ": " + lost.get() + "; put the slots back");
        }
        Decoded slot = shipTip();
        boolean isKept = slot.slot().isKept();
        SlotRef last = new SlotRef(slot.slot().number(), slot.sha256());
        CareRecord record = new CareRecord(
                identity.logId(),
                identity.origin(),
                tip.number() + 1,
                kind,
                writer,
                host,
                clock.instant().truncatedTo(ChronoUnit.MILLIS),
                tip.sha256(),
                last,
                isKept ? last : slot.slot().kept(),
                NumberedObjects.last(shipLog.store(), retries, ArchiveKeys.POINTS),
                state);
        return chain.put(record) ? Optional.of(record) : Optional.empty();
    }

    /** Returns what shows that slots were lost: a kept slot is never deleted, and the record names one that is not there. */
    public Optional<String> lostSlots(Tip tip) throws IOException {
        @Nullable CareRecord last = tip.record();
        if (last == null || last.kept().number() == 0) {
            return Optional.empty();
        }
        try {
            retries.call(() -> shipLog.kept(last.kept()));
            return Optional.empty();
        } catch (BadObjectException e) {
            return Optional.of("care record " + tip.number() + " was made when the last kept slot was "
                    + last.kept().number() + ": " + e.getMessage());
        }
    }

    /** Returns the last slot of the ship log. A shipper may drop it meanwhile, if it is a tail. */
    private Decoded shipTip() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            long last = NumberedObjects.last(shipLog.store(), retries, ArchiveKeys.SLOTS);
            Optional<Decoded> found = last == 0 ? Optional.empty() : retries.call(() -> shipLog.check(last));
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new BadObjectException(shipLog.where(ArchiveKeys.SLOTS) + " has no last slot; expected one");
    }
}
