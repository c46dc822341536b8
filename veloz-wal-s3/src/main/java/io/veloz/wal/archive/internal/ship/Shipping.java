package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.format.WitnessCodec;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.ship.ShipProgress.Job;
import io.veloz.wal.archive.internal.ship.Spool.Backlog;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an archive equal to a log. Each call of {@link #advance} takes one small step, which may fail and be repeated. An
 * instance is confined to one thread; other threads see the progress through {@link ShipProgress}.
 */
public final class Shipping implements AutoCloseable {
    private static final byte[] NO_CONTENT = new byte[0];
    private static final int CHECKPOINT_POLLS = 60;
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long RECORD_RETRY_NANOS = 60 * SECOND_NANOS;

    private final ShipperConfig config;
    private final LocalLog log;
    private final ObjectStore store;
    private final ShipLog shipLog;
    private final LongSupplier nanoTime;
    private final ShipProgress progress;
    private final ArchiveCheck archiveCheck;
    private final LocalCheck localCheck;
    private final EncryptionCheck encryptionCheck;
    private final Uploader uploader;
    private final CatchUp catchUp;
    private final TailReader tails;
    private final Spool spool;
    private final Background background;
    private final Executor uploads;
    private final Runnable onUploadEnd;
    private @Nullable Anchors anchors;
    private @Nullable LogIdentity identity;
    private @Nullable SlotWriter writer;
    private @Nullable ShippingRight right;
    private @Nullable History history;
    private @Nullable Summarizer summarizer;
    private boolean isSearchRepeated;
    private boolean isResumed;
    private boolean isStoreFit;

    /** Whether the last confirmed slot has to be recorded again, as the file of the directory could not be replaced. */
    private boolean isRecordDue;

    private long recordAt;

    /** When the last slot was confirmed. */
    private long slotAt;

    /** Whether nothing but the time is missing for a BEAT. */
    private boolean beatWaits;

    /** The tip that was compared with log.json and with the uploaded objects. */
    private long checkedTip = -1;

    private boolean flushWanted;
    private boolean uploadWaits;
    private long checkpointAt;

    /**
     * @param uploads runs an upload on another thread, one at a time, and its parts
     * @param onUploadEnd called on that thread when an upload has ended
     */
    public Shipping(
            ShipperConfig config,
            LocalLog log,
            ObjectStore store,
            ShipProgress progress,
            Backoff uploadBackoff,
            RateLimiter limiter,
            LongSupplier nanoTime,
            Executor uploads,
            Runnable onUploadEnd) {
        this.config = config;
        this.log = log;
        this.store = store;
        this.shipLog = new ShipLog(store);
        this.archiveCheck = new ArchiveCheck(log, shipLog, config.clock());
        this.localCheck = new LocalCheck(log, shipLog);
        this.encryptionCheck = new EncryptionCheck(log, shipLog, config.allowsPlain(), config.requiresEscrow());
        this.progress = progress;
        this.nanoTime = nanoTime;
        this.uploads = uploads;
        this.onUploadEnd = onUploadEnd;
        EncryptedUploads contents = new EncryptedUploads(shipLog.keys());
        this.uploader = new Uploader(
                log, store, contents, limiter, config.partBytes(), uploads, onUploadEnd, uploadBackoff, nanoTime);
        this.catchUp = new CatchUp(config, uploader, nanoTime);
        this.tails = new TailReader(log);
        this.spool = new Spool(log);
        this.background = new Background(
                log, shipLog, progress, nanoTime, config.tailGrace().toNanos());
        this.checkpointAt = nanoTime.getAsLong();
    }

    /**
     * Makes this writer compare the archive with its last anchor in a second store, and repeat its end there. Called before the
     * first step.
     *
     * @param onClose releases the store
     */
    public void anchorIn(ObjectStore second, Runnable onClose) {
        anchors = new Anchors(second, onClose, config.anchorInterval(), uploads, onUploadEnd, nanoTime);
    }

    /** Makes the following steps ship everything that is durable, as tails if necessary. */
    public void flush() {
        flushWanted = true;
    }

    /** Does the same for a caller that waits for a record. */
    public void flushForCaller() {
        flushWanted = true;
        catchUp.setAwaited(true);
        background.requestFenceCheck();
    }

    /** Makes a following step check whether another writer has acquired a later epoch, unless it was checked a moment ago. */
    public void requestFenceCheck() {
        background.requestFenceCheck();
    }

    /** Returns whether there is something to ship that has to wait for a delay or for an upload. */
    public boolean isWaiting() {
        return (anchors != null && anchors.isReading())
                || catchUp.waitsForSegment()
                || (flushWanted && catchUp.isLimited());
    }

    /** Returns whether the epoch is acquired and no slot is being put. Then every step that failed before has succeeded. */
    public boolean isSettled() {
        return writer != null && writer.phase() == Phase.READY;
    }

    /** Returns how long until there may be work that no event announces; {@link Long#MAX_VALUE} if there is none. */
    public long nanosToNext() {
        if (!isSettled()) {
            return Long.MAX_VALUE;
        }
        // Uses the flags of the last step: a delay may have ended since then.
        long next = background.nanosToFenceCheck();
        next = uploadWaits ? Math.min(next, uploader.nanosToRetry()) : next;
        next = beatWaits ? Math.min(next, nanosToBeat()) : next;
        next = anchors == null ? next : Math.min(next, anchors.nanosToNext());
        return Math.min(next, catchUp.nanosToTail());
    }

    private long nanosToBeat() {
        return Math.max(0, slotAt + config.beatInterval().toNanos() - nanoTime.getAsLong());
    }

    /**
     * Takes one step, which makes about one request.
     *
     * @return false if there is nothing to do until the next flush or the end of an upload
     * @throws IOException if it failed; call again after a delay
     * @throws WalFencedException if another writer has acquired a later epoch; do not call again
     * @throws WalShippingRefusedException if log and archive are inconsistent; do not call again
     */
    public boolean advance() throws IOException {
        try {
            return step();
        } catch (UnknownArchiveFormatException e) {
            throw new WalShippingRefusedException(Reason.UNKNOWN_FORMAT, String.valueOf(e.getMessage()));
        } catch (DamagedDirectoryFileException e) {
            throw new WalShippingRefusedException(Reason.DAMAGED_FILE, String.valueOf(e.getMessage()));
        } catch (MissingKeyException e) {
            throw new WalShippingRefusedException(Reason.KEY_MISSING, String.valueOf(e.getMessage()));
        } catch (StoreException e) {
            catchUp.stepFailed();
            throw e;
        }
    }

    private boolean step() throws IOException {
        if (identity == null) {
            identity = archiveCheck.identity();
            return true;
        }
        if (!isStoreFit) {
            archiveCheck.checkStore(identity);
            isStoreFit = true;
            return true;
        }
        if (writer == null || right == null) {
            DirectoryFile file = DirectoryFile.open(log.files(), identity);
            right = right == null ? new ShippingRight(log, shipLog, file, localCheck, config.takeOver()) : right;
            long hint = isSearchRepeated ? 0 : file.kept().number();
            writer = SlotWriter.create(shipLog, identity, file.instance(), config.clock(), hint);
        }
        SlotWriter current = writer;
        switch (current.phase()) {
            case CHECK -> {
                if (anchors != null && !anchors.isRead(identity, progress)) {
                    return false;
                }
                check(current, identity, right);
            }
            case READY -> {
                return ship(current);
            }
            case FENCED -> throw fenced(current.winner(), current.tip().archived());
            case BROKEN -> throw broken(current.winner());
            default -> {
                Phase before = current.phase();
                current.step();
                if (current.phase() == Phase.READY) {
                    confirmed(current, before);
                }
            }
        }
        return true;
    }

    /** Checks the tip, then in a step of its own compares the local log with it. */
    private void check(SlotWriter current, LogIdentity archive, ShippingRight directory) throws IOException {
        long tip = current.tip().number();
        if (tip == checkedTip) {
            Optional<Epoch> epoch = directory.acquire(archive, current.tip(), current.id());
            if (epoch.isEmpty()) {
                checkedTip = -1;
                searchAgain();
                return;
            }
            localCheck.check(current.tip());
            encryptionCheck.check(current.tip());
            current.claim(epoch.get(), directory.instance());
        } else if (directory.checkConfirmed(current.tip())
                && archiveCheck.checkTip(
                        archive, current.tip(), anchors == null ? Optional.empty() : anchors.newest())) {
            checkedTip = tip;
        } else {
            searchAgain();
        }
    }

    private void searchAgain() {
        isSearchRepeated = true;
        writer = null;
    }

    private void confirmed(SlotWriter current, Phase before) {
        Tip tip = current.tip();
        background.confirmed();
        slotAt = nanoTime.getAsLong();
        catchUp.slotStored();
        if (before == Phase.LIST_AFTER_CLAIM) {
            progress.epochAcquired(current.epoch(), tip.archived());
            record(current);
            return;
        }
        Slot slot = Objects.requireNonNull(tip.slot());
        history().append(slot.part());
        Objects.requireNonNull(summarizer).added(slot, tip.sha256());
        background.added(slot);
        if (slot.part() instanceof Segment || slot.part() instanceof Attachment) {
            progress.succeeded(Job.UPLOAD);
        } else if (slot.part() instanceof Gap gap && History.isLoss(slot)) {
            progress.gap(gap.firstSequence(), gap.lastSequence(), true);
        }
        if (slot.part() instanceof Segment segment) {
            progress.committed(segment);
        }
        progress.archived(tip.archived(), releasedThrough(tip.archived()));
        if (slot.isKept()) {
            record(current);
        }
    }

    /** A failure is a job of its own: slots are still put, and their success must not end it. */
    private void record(SlotWriter current) {
        try {
            Objects.requireNonNull(right).confirmed(current.id(), current.tip().kept());
            isRecordDue = false;
            progress.succeeded(Job.DIRECTORY_FILE);
        } catch (IOException e) {
            isRecordDue = true;
            recordAt = nanoTime.getAsLong() + RECORD_RETRY_NANOS;
            progress.failed(Job.DIRECTORY_FILE, e);
        }
    }

    private History history() {
        return Objects.requireNonNull(history);
    }

    /**
     * Returns the last record that the log may trim: the last one of the committed segments, except for the segment that the
     * archive ends in. The next writer compares that segment.
     */
    private long releasedThrough(Archived archived) {
        boolean endsInIt = archived.segment() == nextSegment() - 1;
        return endsInIt
                ? Math.max(0, history().committedFirst() - 1)
                : history().committedLast();
    }

    // ---- in an epoch

    private boolean ship(SlotWriter current) throws IOException {
        if (!isResumed) {
            resume(current.tip());
            return true;
        }
        if (isRecordDue && nanoTime.getAsLong() - recordAt >= 0) {
            record(current);
            return true;
        }
        beatWaits = false;
        if (anchors != null) {
            compareLate(anchors, current);
            anchors.step(current.tip().number(), () -> current.witness(Witness.Kind.ANCHOR), progress);
        }
        Archived archived = current.tip().archived();
        Summarizer summaries = Objects.requireNonNull(summarizer);
        background.readForDueSummary(summaries);
        if (summaries.isReady()) {
            Summarizer.Next next = summaries.next();
            current.put(archived, next.part(), next.content());
            return true;
        }
        if (uploader.hasEnded()) {
            commit(current, archived);
            return true;
        }
        Backlog backlog = spool.backlog(archived, nextSegment());
        progress.spool(backlog.lagBytes(), backlog.fileBytes(), backlog.lastSequence());
        if (backlog.isTrimmedAhead()) {
            return declareGap(current, archived);
        }
        catchUp.update(backlog);
        uploadWaits = uploader.isIdle() && uploader.nanosToRetry() > 0;
        if (uploader.isIdle() && !uploadWaits && startUpload(backlog, current.epoch())) {
            return true;
        }
        boolean tailWanted = flushWanted && !catchUp.waitsForSegment() && !catchUp.isLimited() && !awaitsCheckpoint();
        if (tailWanted && shipTail(current, archived)) {
            return true;
        }
        beatWaits = !config.beatInterval().isZero() && !awaitsCheckpoint();
        if (beatWaits && nanosToBeat() == 0) {
            long interval = config.beatInterval().toMillis();
            current.put(archived, new Beat(interval, current.tip().beforeBeats()), NO_CONTENT);
            return true;
        }
        return background.step(current, history(), Objects.requireNonNull(summarizer));
    }

    /** Reads the slots of earlier writers, one request at a time. */
    private void resume(Tip tip) throws IOException {
        if (history == null) {
            history = new History(shipLog, Objects.requireNonNull(identity), tip, progress);
        } else if (!history.isSufficient()) {
            history.step();
        }
        if (history.isSufficient()) {
            isResumed = true;
            summarizer = Summarizer.at(shipLog, Summarizer.FAN_OUT, tip);
            background.resumed(tip, nextSegment());
            progress.archived(tip.archived(), releasedThrough(tip.archived()));
        }
    }

    private long nextSegment() {
        return history().nextSegment();
    }

    /** Returns whether the archive begins later than the log did, and has no checkpoint yet, without which it is of no use. */
    private boolean awaitsCheckpoint() {
        return Objects.requireNonNull(identity).firstSequence() > 1
                && !history().hasCheckpoint();
    }

    private boolean startUpload(Backlog backlog, long epoch) {
        if (awaitsCheckpoint()) {
            long first = Objects.requireNonNull(identity).firstSequence();
            uploader.start(archiveCheck.requiredCheckpoint(first), epoch);
            return true;
        }
        Optional<SealedSegment> segment = backlog.nextUpload(config.maxTailBytes());
        if (segment.isPresent()) {
            uploader.start(segment.get(), epoch);
            return true;
        }
        return startCheckpoint(backlog.archived(), epoch);
    }

    private boolean startCheckpoint(Archived archived, long epoch) {
        long now = nanoTime.getAsLong();
        if (now - checkpointAt < 0) {
            return false;
        }
        // Finding the newest checkpoint reads it, so it is not done at every step.
        checkpointAt = now + config.checkpointInterval().toNanos() / CHECKPOINT_POLLS;
        Optional<WalCheckpoint> newest = log.newestCheckpoint();
        long archivedBefore = history().checkpointSequence();
        if (newest.isPresent()
                && newest.get().sequence() > archivedBefore
                && newest.get().sequence() <= archived.sequence()) {
            checkpointAt = now + config.checkpointInterval().toNanos();
            uploader.start(newest.get(), epoch);
            return true;
        }
        return false;
    }

    /** The epoch is acquired already, so slots that were lost may have been put again. */
    private void compareLate(Anchors second, SlotWriter current) throws IOException {
        Optional<Witness> anchor = second.late();
        if (anchor.isPresent()) {
            archiveCheck.checkLate(anchor.get(), checkedTip, current);
            second.compared();
        }
    }

    private void commit(SlotWriter current, Archived archived) {
        Slot.Part part;
        try {
            part = uploader.take();
        } catch (IOException e) {
            // Retried after the backoff. Tails are shipped meanwhile.
            checkpointAt = nanoTime.getAsLong() + uploader.nanosToRetry();
            progress.failed(Job.UPLOAD, e);
            return;
        }
        Archived after = archived;
        if (part instanceof Segment segment && archived.segment() <= segment.number()) {
            after = new Archived(segment.number(), segment.fileBytes(), segment.lastSequence());
        }
        current.put(after, part, NO_CONTENT);
    }

    /** Returns false if there is nothing to put. */
    private boolean shipTail(SlotWriter current, Archived archived) throws IOException {
        Archived from = archived;
        if (archived.sequence() == 0) {
            from = new Archived(0, 0, Objects.requireNonNull(identity).firstSequence() - 1);
        }
        TailReader.Piece piece;
        try {
            piece = tails.next(from, config.maxTailBytes());
        } catch (WalTrimmedException e) {
            return declareGap(current, archived);
        }
        flushWanted = piece != null && !tails.atEnd();
        if (!flushWanted) {
            catchUp.setAwaited(false);
        }
        if (piece == null) {
            return false;
        }
        catchUp.sending(piece.content().length);
        current.put(piece.end(), piece.tail(), piece.content());
        return true;
    }

    private boolean declareGap(SlotWriter current, Archived archived) throws IOException {
        if (!uploader.isIdle()) {
            // The upload may still commit a segment that the gap would cover, and no segment is committed after a gap
            // that covers it. The delays are reset meanwhile: one that has ended would keep the thread from waiting.
            uploadWaits = false;
            catchUp.suspend();
            return background.step(current, history(), Objects.requireNonNull(summarizer));
        }
        LocalLog.Range local = log.range();
        if (local.firstSegment() <= nextSegment()) {
            throw new IOException(log.describe() + ": segment " + nextSegment() + " is missing at the moment");
        }
        long last = local.firstSequence() - 1;
        boolean inTails = archived.sequence() >= last;
        long first = inTails ? history().committedLast() + 1 : archived.sequence() + 1;
        if (!config.spoolPolicy().givesUpOldest()) {
            throw log.refused(
                    store,
                    Reason.TRIMMED_AHEAD,
                    "records " + first + " to " + last
                            + " were trimmed before their segments were archived: declare the gap with"
                            + " SpoolPolicy.giveUpOldest, or ship to another archive");
        }
        // If all records are in tails, those are kept and no record is lost. Only the segments will never be archived.
        Archived after = inTails ? archived : new Archived(local.firstSegment(), 0, last);
        String reason = inTails ? "trimmed before it was archived as a whole" : "trimmed before it was archived";
        current.put(after, new Gap(first, last, local.firstSegment(), reason), NO_CONTENT);
        return true;
    }

    /**
     * States outside of the ship log that this epoch has ended on purpose, if it is acquired. Makes one request, once: without
     * the record a reader cannot distinguish the end from a crash, and nothing else depends on it.
     */
    public void recordEnd() {
        SlotWriter current = writer;
        if (current == null || current.phase() != Phase.READY) {
            return;
        }
        try {
            Witness end = current.witness(Witness.Kind.END);
            String key = ArchiveKeys.end(end.epoch());
            if (!store.putIfAbsent(key, ObjectContent.of(WitnessCodec.encode(end))) && !isOurs(end)) {
                progress.failed(
                        Job.OVERWRITTEN,
                        new StoreException(
                                shipLog.where(key) + " is the record of another writer: slots were lost and put"
                                        + " again; verify the archive",
                                null));
            }
        } catch (IOException e) {
            progress.failed(Job.WITNESS, e);
        }
    }

    /** Returns whether the existing record of an epoch is this one: a put whose answer was lost is sent again. */
    private boolean isOurs(Witness end) throws IOException {
        return Witnesses.end(store, Objects.requireNonNull(identity), end.epoch())
                .filter(existing -> !existing.writer().equals(end.writer()))
                .isEmpty();
    }

    private WalShippingRefusedException broken(Slot winner) {
        return log.refused(
                store,
                Reason.BROKEN,
                "slot " + winner.number() + " is of writer " + winner.writer() + " in epoch " + winner.epoch()
                        + ", but only this writer may have put it: verify the archive");
    }

    private WalFencedException fenced(Slot winner, Archived archived) {
        return new WalFencedException(
                store.describe(),
                winner.writer(),
                winner.host(),
                winner.written(),
                winner.epoch(),
                archived.sequence() + 1,
                log.range().lastSequence());
    }

    @Override
    public void close() {
        if (anchors != null) {
            anchors.close();
        }
        tails.close();
    }
}
