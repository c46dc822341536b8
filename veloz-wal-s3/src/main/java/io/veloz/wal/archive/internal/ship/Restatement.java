package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.format.WitnessCodec;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Uploads segments again whose objects are damaged, and commits the new objects, in an epoch of its own. The keys of the new
 * objects contain that epoch, so a damaged object is never replaced. An instance is confined to one thread.
 *
 * <p>Only the writer of the newest epoch may state a segment again. So this acquires an epoch as a shipper does: from a directory
 * that has the right to ship, and whose log ends as the archive does. A shipper that runs meanwhile is fenced.
 *
 * <p>Crash table:
 *
 * <pre>
 * after the EPOCH:              an epoch without other slots, as after a crash of a shipper
 * after an object, no slot:     one object of this epoch without a slot; it is not reused, and the next repair uploads another
 * after the slot, answer lost:  settled by reading, as for any slot
 * </pre>
 */
public final class Restatement {
    private static final byte[] NO_CONTENT = new byte[0];

    private final LocalLog log;
    private final ObjectStore store;
    private final Clock clock;
    private final Attempts attempts;
    private final ShipLog shipLog;
    private final EncryptedUploads contents;
    private final LogIdentity identity;
    private final ArchiveCheck archiveCheck;
    private final LocalCheck localCheck;
    private final DirectoryFile file;
    private final ShippingRight right;
    private SlotWriter writer;

    /** Collects the slots for the next SUMMARY; null before the epoch is acquired, and if one of them is damaged. */
    private @Nullable Summarizer summarizer;

    private String summaryProblem = "";

    /** Repeats a request that fails for a while. */
    @FunctionalInterface
    public interface Attempts {
        /** Makes a request until it succeeds, or throws the last failure. */
        void run(Request request) throws IOException;
    }

    /** A request that may be made again after it has failed. */
    @FunctionalInterface
    public interface Request {
        void send() throws IOException;
    }

    private Restatement(LocalLog log, ObjectStore store, LogIdentity identity, Clock clock, Attempts attempts)
            throws IOException {
        this.log = log;
        this.store = store;
        this.clock = clock;
        this.attempts = attempts;
        this.shipLog = new ShipLog(store);
        this.contents = new EncryptedUploads(shipLog.keys());
        this.identity = identity;
        this.archiveCheck = new ArchiveCheck(log, shipLog, clock);
        this.localCheck = new LocalCheck(log, shipLog);
        this.file = DirectoryFile.open(log.files(), identity);
        this.right = new ShippingRight(log, shipLog, file, localCheck, 0);
        this.writer = newWriter(file.kept().number());
    }

    /**
     * Acquires the next epoch of an archive.
     *
     * @param identity of an existing archive
     * @throws WalShippingRefusedException if the directory has no right to ship, or log and archive are inconsistent
     * @throws WalFencedException if another writer has acquired a later epoch meanwhile
     */
    public static Restatement begin(
            LocalLog log, ObjectStore store, LogIdentity identity, Clock clock, Attempts attempts) throws IOException {
        Restatement begun;
        try {
            begun = new Restatement(log, store, identity, clock, attempts);
        } catch (DamagedDirectoryFileException e) {
            throw new WalShippingRefusedException(Reason.DAMAGED_FILE, String.valueOf(e.getMessage()));
        }
        begun.acquire();
        return begun;
    }

    private SlotWriter newWriter(long hint) {
        return SlotWriter.create(shipLog, identity, file.instance(), clock, hint);
    }

    /** Returns the epoch. */
    public long epoch() {
        return writer.epoch();
    }

    private void acquire() throws IOException {
        attempts.run(() -> archiveCheck.checkStore(identity));
        while (writer.phase() != Phase.READY) {
            if (writer.phase() == Phase.CHECK) {
                SlotWriter checked = writer;
                @Nullable Epoch[] epoch = new Epoch[1];
                attempts.run(() -> epoch[0] = check(checked.tip()).orElse(null));
                if (epoch[0] == null) {
                    writer = newWriter(0);
                } else {
                    writer.claim(epoch[0], right.instance());
                }
            } else {
                step();
            }
        }
        confirmed();
        summarizer = Summarizer.at(shipLog, Summarizer.FAN_OUT, writer.tip());
    }

    private void confirmed() throws IOException {
        right.confirmed(writer.id(), writer.tip().kept());
        // Ends with each confirmed slot. For a shipper in a process of its own, which refuses to replace a recent
        // writer
        // without a permission.
        file.permit(writer.epoch());
    }

    /** Returns the EPOCH with which the tip may be continued; empty if the tip has to be searched again. */
    private Optional<Epoch> check(Tip tip) throws IOException {
        if (!right.checkConfirmed(tip) || !archiveCheck.checkTip(identity, tip, Optional.empty())) {
            return Optional.empty();
        }
        Optional<Epoch> epoch = right.acquire(identity, tip, writer.id());
        localCheck.check(tip);
        checkEncryption(tip);
        return epoch;
    }

    /** A key by which the archive is encrypted already was accepted by its shipper, also if it is not escrowed. */
    private void checkEncryption(Tip tip) throws IOException {
        String active = shipLog.keys().activeId();
        boolean isUsed =
                active != null && EncryptionCheck.keyBefore(shipLog, tip.slot()).equals(Optional.of(active));
        new EncryptionCheck(log, shipLog, false, !isUsed).check(tip);
    }

    /**
     * Uploads another object of a segment. Returns its statement, which counts after {@link #commit}. The caller reads the object
     * before: once it is committed, the object that it replaces is not used any more.
     *
     * @param last the last statement of the segment. The sealed file in the directory must have its content
     */
    public Segment upload(Segment last) throws IOException {
        SealedSegment sealed = log.sealed(last.number())
                .orElseThrow(() -> new IOException(log.describe() + " has no sealed segment " + last.number()));
        Slot.@Nullable Part[] uploaded = new Slot.Part[1];
        PartLayout layout = PartLayout.like(last.stored());
        attempts.run(() -> uploaded[0] = Uploader.upload(
                log, store, contents, sealed, layout, writer.epoch(), RateLimiter.UNLIMITED, Runnable::run));
        Segment next = (Segment) Objects.requireNonNull(uploaded[0]);
        String digest = digest(sealed, last);
        if (!digest.equals(last.fileSha256())) {
            throw log.refused(
                    store,
                    Reason.DIVERGED,
                    "segment " + last.number() + " has the digest " + digest + "; the archive has "
                            + last.fileSha256());
        }
        return next;
    }

    /** Commits an object that was uploaded and read. Returns when it counts. Call {@link #summarize} before the next one. */
    public void commit(Segment next, Segment last) throws IOException {
        put(new Restated(next, last.key()), NO_CONTENT);
    }

    private void put(Part part, byte[] content) throws IOException {
        writer.put(writer.tip().archived(), part, content);
        while (writer.phase() != Phase.READY) {
            step();
        }
        confirmed();
        if (summarizer != null) {
            summarizer.added(
                    Objects.requireNonNull(writer.tip().slot()), writer.tip().sha256());
        }
    }

    /**
     * Puts a SUMMARY if it is due, as a shipper does: otherwise a start would read all slots of a large repair. What was committed
     * counts also if this fails, but nothing more can be committed then.
     */
    public void summarize() throws IOException {
        Summarizer current = summarizer;
        if (current == null) {
            return;
        }
        try {
            while (current.isDue()) {
                attempts.run(current::step);
            }
        } catch (BadObjectException e) {
            summarizer = null;
            summaryProblem = "the repair puts no SUMMARY: " + e.getMessage();
            return;
        }
        if (current.isReady()) {
            Summarizer.Next next = current.next();
            put(next.part(), next.content());
        }
    }

    /**
     * Records that this epoch has ended on purpose, after the last commit, as a shipper does. Makes one request, once; none if
     * another writer has acquired a later epoch.
     *
     * @throws StoreException if it is not recorded, on which nothing else depends
     */
    public void recordEnd() throws StoreException {
        if (writer.phase() != Phase.READY) {
            return;
        }
        Witness end = writer.witness(Witness.Kind.END);
        store.putIfAbsent(ArchiveKeys.end(end.epoch()), ObjectContent.of(WitnessCodec.encode(end)));
    }

    /** Returns why no SUMMARY was put; empty if none was due, or all were put. */
    public String summaryProblem() {
        return summaryProblem;
    }

    /** Returns the digest of a local file as it is stated of the file in an object. */
    private String digest(SealedSegment local, Segment stated) throws IOException {
        ContentDigest digest = shipLog.keys().digest(stated.stored().encryption(), shipLog.where(stated.key()));
        try (InputStream in = log.files().open(local.file())) {
            return digest.of(in);
        }
    }

    private void step() throws IOException {
        if (writer.phase() == Phase.FENCED || writer.phase() == Phase.BROKEN) {
            throw lost(writer.winner());
        }
        SlotWriter current = writer;
        attempts.run(current::step);
    }

    private RuntimeException lost(Slot winner) {
        if (writer.phase() == Phase.BROKEN) {
            return log.refused(
                    store,
                    Reason.BROKEN,
                    "slot " + winner.number() + " is of writer " + winner.writer() + " in epoch " + winner.epoch()
                            + ", but only this repair may have put it: verify the archive");
        }
        return new WalFencedException(
                store.describe(),
                winner.writer(),
                winner.host(),
                winner.written(),
                winner.epoch(),
                writer.tip().archived().sequence() + 1,
                log.range().lastSequence());
    }
}
