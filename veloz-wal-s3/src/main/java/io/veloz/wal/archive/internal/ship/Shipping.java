package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.ship.Reached.Job;
import io.veloz.wal.archive.internal.ship.Term.Phase;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an archive equal to a log, one small step at a time: {@link #advance}. Any step may fail and be repeated. It
 * belongs to one thread; others see through {@link Reached} how far it has got.
 */
public final class Shipping implements AutoCloseable {
    private static final byte[] NO_CONTENT = new byte[0];
    private static final int LOOKS_PER_CHECKPOINT = 60;
    private static final long SECOND_NANOS = 1_000_000_000;

    /** A segment that is uploaded within this time is not sent as tails, too. */
    private static final long PATIENCE_NANOS = 5 * SECOND_NANOS;

    private final ShipperConfig config;
    private final LocalLog log;
    private final ObjectStore store;
    private final ShipLog shipLog;
    private final LongSupplier nanoTime;
    private final Reached reached;
    private final Pace pace;
    private final ArchiveEntry entry;
    private final LocalCheck localCheck;
    private final Uploader uploader;
    private final TailReader tails;
    private final Spool spool;
    private final Background background;
    private @Nullable LogIdentity identity;
    private @Nullable Office office;
    private @Nullable History history;
    private boolean isResumed;
    private boolean isStoreFit;

    /** The tip that was compared with log.json and with what was uploaded. */
    private long checkedTip = -1;

    private boolean flushWanted;
    private boolean catchingUp;
    private boolean uploadWaits;
    private boolean tailWaits;
    private long tailAt;
    private long checkpointAt;

    /**
     * @param uploads runs an upload on another thread; it is given one at a time
     * @param onUploadEnd called there when one has ended
     */
    public Shipping(
            ShipperConfig config,
            LocalLog log,
            ObjectStore store,
            Reached reached,
            Backoff uploadBackoff,
            Pace pace,
            LongSupplier nanoTime,
            Executor uploads,
            Runnable onUploadEnd) {
        this.config = config;
        this.log = log;
        this.store = store;
        this.shipLog = new ShipLog(store);
        this.entry = new ArchiveEntry(log, shipLog, config.clock());
        this.localCheck = new LocalCheck(log, shipLog);
        this.reached = reached;
        this.pace = pace;
        this.nanoTime = nanoTime;
        long patience = Math.max(PATIENCE_NANOS, 2 * config.flushInterval().toNanos());
        this.uploader = new Uploader(uploads, onUploadEnd, uploadBackoff, nanoTime, patience);
        this.tails = new TailReader(log);
        this.spool = new Spool(log);
        this.background = new Background(
                log, shipLog, reached, nanoTime, config.tailGrace().toNanos());
        this.tailAt = nanoTime.getAsLong();
        this.checkpointAt = tailAt;
    }

    /** From now on everything that is durable by then is shipped, as a tail if need be. */
    public void flush() {
        flushWanted = true;
    }

    /** Has the next step without a slot look whether another writer has taken over, unless that was seen a moment ago. */
    public void look() {
        background.look();
    }

    /** Whether there is something to ship, and time or an upload has to pass first. */
    public boolean isWaiting() {
        return catchingUp || (flushWanted && tailWaits);
    }

    /** Whether the archive is ours, and no slot is on its way: what failed before has succeeded since. */
    public boolean isSettled() {
        return office != null && office.phase() == Phase.READY;
    }

    /** How long until there may be something to do that no event announces; {@link Long#MAX_VALUE} if there is nothing. */
    public long nanosToNext() {
        if (!isSettled()) {
            return Long.MAX_VALUE;
        }
        // What the last step saw decides: a pause may have ended since then.
        long next = background.nanosToLook();
        next = uploadWaits ? Math.min(next, uploader.nanosToRetry()) : next;
        return tailWaits ? Math.min(next, Math.max(0, tailAt - nanoTime.getAsLong())) : next;
    }

    /**
     * Takes one step; makes about one request.
     *
     * @return false if there is nothing to do until the next flush, or the end of an upload
     * @throws IOException if it failed; call again, after a while
     * @throws WalFencedException if another writer is in office: the last call
     * @throws WalShippingRefusedException if log and archive do not fit together: the last call
     */
    public boolean advance() throws IOException {
        try {
            return step();
        } catch (UnknownArchiveFormatException e) {
            throw new WalShippingRefusedException(Reason.UNKNOWN_FORMAT, String.valueOf(e.getMessage()));
        }
    }

    private boolean step() throws IOException {
        if (identity == null) {
            identity = entry.identity();
            return true;
        }
        if (!isStoreFit) {
            entry.checkStore(identity);
            isStoreFit = true;
            return true;
        }
        if (office == null) {
            office = new Office(shipLog, Author.create(identity, config.clock()), Term.BEGINNING);
        }
        Office here = office;
        switch (here.phase()) {
            case CHECK -> {
                if (here.tip().number() != checkedTip) {
                    if (entry.checkTip(identity, here.tip())) {
                        checkedTip = here.tip().number();
                    } else {
                        office = null;
                    }
                    return true;
                }
                localCheck.check(here.tip());
                here.claim();
                return true;
            }
            case READY -> {
                return ship(here);
            }
            case FENCED -> throw fenced(here.winner(), here.tip().archived());
            case BROKEN ->
                throw log.refused(
                        store,
                        Reason.BROKEN,
                        "slot " + here.winner().number() + " is of writer "
                                + here.winner().writer() + " in epoch "
                                + here.winner().epoch()
                                + ", and nobody but us may have put it there: verify the archive");
            default -> {
                Phase before = here.phase();
                here.step();
                if (here.phase() == Phase.READY) {
                    confirmed(here, before);
                }
                return true;
            }
        }
    }

    private void confirmed(Office here, Phase before) {
        Tip tip = here.tip();
        background.confirmed();
        if (before == Phase.LIST_BEHIND) {
            reached.inOffice(here.epoch(), tip.archived());
            return;
        }
        Slot slot = Objects.requireNonNull(tip.slot());
        history().follow(slot.part());
        background.added(slot);
        if (slot.part() instanceof Segment || slot.part() instanceof Attachment) {
            reached.succeeded(Job.UPLOAD);
        } else if (slot.part() instanceof Gap gap && History.isLoss(slot)) {
            reached.gap(gap.firstSequence(), gap.lastSequence(), true);
        }
        reached.archived(tip.archived(), letsGo(tip.archived()));
    }

    private History history() {
        return Objects.requireNonNull(history);
    }

    /**
     * Which records the log may trim: those of segments that are archived as a whole, but for the one that the archive
     * ends in. That one stays, so that the next term of office can compare.
     */
    private long letsGo(Archived archived) {
        boolean endsInIt = archived.segment() == nextSegment() - 1;
        return endsInIt
                ? Math.max(0, history().committedFirst() - 1)
                : history().committedLast();
    }

    // ---- in office

    private boolean ship(Office here) throws IOException {
        if (!isResumed) {
            resume(here.tip());
            return true;
        }
        Archived archived = here.tip().archived();
        if (uploader.hasEnded()) {
            commit(here, archived);
            return true;
        }
        List<SealedSegment> sealed = spool.from(Math.min(nextSegment(), Math.max(1, archived.segment())));
        reached.spool(
                spool.bytesBehind(archived, sealed),
                sealed.stream()
                        .filter(segment -> segment.number() >= nextSegment())
                        .mapToLong(SealedSegment::fileBytes)
                        .sum(),
                sealed.isEmpty() ? 0 : sealed.get(sealed.size() - 1).lastSequence());
        if (isTrimmedAhead(sealed)) {
            return declareGap(here, archived);
        }
        boolean hasBacklog = hasBacklog(archived, sealed);
        // A backlog goes as whole segments, unless the upload is slow: then tails go on meanwhile, and the end of the
        // archive moves with each.
        catchingUp = hasBacklog && leadsTheWay(archived, sealed) && !uploader.isSlow();
        uploadWaits = uploader.isIdle() && uploader.nanosToRetry() > 0;
        if (uploader.isIdle() && !uploadWaits && startUpload(archived, sealed, here.epoch())) {
            return true;
        }
        tailWaits = nanoTime.getAsLong() - tailAt < 0;
        if (flushWanted && !catchingUp && !tailWaits && !awaitsCheckpoint() && shipTail(here, archived, hasBacklog)) {
            return true;
        }
        return background.step(here, history());
    }

    /** Reads what earlier writers left, a request at a time. */
    private void resume(Tip tip) throws IOException {
        if (history == null) {
            history = new History(shipLog, Objects.requireNonNull(identity), tip, reached);
        } else if (!history.isEnough()) {
            history.step();
        }
        if (history.isEnough()) {
            isResumed = true;
            background.resumed(tip, nextSegment());
            reached.archived(tip.archived(), letsGo(tip.archived()));
        }
    }

    private long nextSegment() {
        return history().nextSegment();
    }

    /** An archive that begins later than the log once did is of no use before it has a checkpoint. */
    private boolean awaitsCheckpoint() {
        return Objects.requireNonNull(identity).firstSequence() > 1
                && !history().hasCheckpoint();
    }

    private static @Nullable SealedSegment firstLeft(Archived archived, List<SealedSegment> sealed) {
        for (SealedSegment segment : sealed) {
            if (segment.lastSequence() > archived.sequence()) {
                return segment;
            }
        }
        return null;
    }

    /** Whether more is left of a sealed segment than fits into a tail. */
    private boolean hasBacklog(Archived archived, List<SealedSegment> sealed) {
        SealedSegment segment = firstLeft(archived, sealed);
        return segment != null && left(segment, archived) >= config.maxTailBytes();
    }

    /** Whether the archive's end moves with the next upload. It does not if tails are further already. */
    private boolean leadsTheWay(Archived archived, List<SealedSegment> sealed) {
        SealedSegment segment = firstLeft(archived, sealed);
        return segment != null && segment.number() == nextSegment();
    }

    private static long left(SealedSegment segment, Archived archived) {
        return segment.number() == archived.segment() ? segment.dataBytes() - archived.position() : segment.dataBytes();
    }

    private boolean startUpload(Archived archived, List<SealedSegment> sealed, long epoch) {
        if (awaitsCheckpoint()) {
            start(entry.requiredCheckpoint(Objects.requireNonNull(identity).firstSequence()), epoch);
            return true;
        }
        for (SealedSegment segment : sealed) {
            boolean shipped = segment.lastSequence() <= archived.sequence();
            if (segment.number() == nextSegment() && (shipped || left(segment, archived) >= config.maxTailBytes())) {
                uploader.start(() -> Upload.segment(log, store, segment, epoch, pace));
                return true;
            }
        }
        return startCheckpoint(archived, epoch);
    }

    private boolean startCheckpoint(Archived archived, long epoch) {
        long now = nanoTime.getAsLong();
        if (now - checkpointAt < 0) {
            return false;
        }
        // To look is to read it: not at every step, while there is no new one.
        checkpointAt = now + config.checkpointInterval().toNanos() / LOOKS_PER_CHECKPOINT;
        Optional<WalCheckpoint> newest = log.newestCheckpoint();
        long archivedBefore = history().checkpointSequence();
        if (newest.isPresent()
                && newest.get().sequence() > archivedBefore
                && newest.get().sequence() <= archived.sequence()) {
            checkpointAt = now + config.checkpointInterval().toNanos();
            start(newest.get(), epoch);
            return true;
        }
        return false;
    }

    private void start(WalCheckpoint checkpoint, long epoch) {
        uploader.start(() -> Upload.checkpoint(log, store, checkpoint, epoch, pace));
    }

    private void commit(Office here, Archived archived) {
        Slot.Part part;
        try {
            part = uploader.take();
        } catch (IOException e) {
            // Repeated by itself after a pause. Tails go on meanwhile.
            checkpointAt = nanoTime.getAsLong() + uploader.nanosToRetry();
            reached.failed(Job.UPLOAD, e);
            return;
        }
        Archived after = archived;
        if (part instanceof Segment segment && archived.segment() <= segment.number()) {
            after = new Archived(segment.number(), segment.fileBytes(), segment.lastSequence());
        }
        here.put(after, part, NO_CONTENT);
    }

    /** Returns false if there is nothing to put. */
    private boolean shipTail(Office here, Archived archived, boolean isBacklog) throws IOException {
        Archived from = archived;
        if (archived.sequence() == 0) {
            from = new Archived(0, 0, Objects.requireNonNull(identity).firstSequence() - 1);
        }
        TailReader.Piece piece;
        try {
            piece = tails.next(from, config.maxTailBytes());
        } catch (IllegalArgumentException | WalTrimmedException e) {
            return declareGap(here, archived);
        }
        if (piece == null) {
            flushWanted = false;
            return false;
        }
        flushWanted = !tails.atEnd();
        if (isBacklog && config.uploadBytesPerSecond() < Long.MAX_VALUE) {
            // Else the limit would be none for what a slow segment has in it.
            double seconds = (double) piece.content().length / config.uploadBytesPerSecond();
            tailAt = nanoTime.getAsLong() + (long) (seconds * SECOND_NANOS);
        }
        here.put(piece.end(), piece.tail(), piece.content());
        return true;
    }

    // ---- losses

    private boolean isTrimmedAhead(List<SealedSegment> sealed) {
        List<SealedSegment> ahead = sealed.stream()
                .filter(segment -> segment.number() >= nextSegment())
                .toList();
        return !ahead.isEmpty() && ahead.get(0).number() > nextSegment();
    }

    private boolean declareGap(Office here, Archived archived) throws IOException {
        if (!uploader.isIdle()) {
            // It may still commit a segment that the gap would cover: no number is committed after a gap that covers
            // it. No pause counts meanwhile: one that has ended would keep the thread awake.
            uploadWaits = false;
            tailWaits = false;
            return background.step(here, history());
        }
        LocalLog.Range local = log.range();
        if (local.firstSegment() <= nextSegment()) {
            throw new IOException(log.describe() + ": segment " + nextSegment() + " is not there at the moment");
        }
        long last = local.firstSequence() - 1;
        boolean inTails = archived.sequence() >= last;
        long first = inTails ? history().committedLast() + 1 : archived.sequence() + 1;
        if (!config.spoolPolicy().givesUpOldest()) {
            throw log.refused(
                    store,
                    Reason.TRIMMED_AHEAD,
                    "records " + first + " to " + last
                            + " were trimmed before they were archived as a whole: declare the"
                            + " gap by SpoolPolicy.giveUpOldest, or ship to another place");
        }
        // All of them in tails: those stay for ever, and nothing is lost. Only their segments will never be there.
        Archived after = inTails ? archived : new Archived(local.firstSegment(), 0, last);
        String why = inTails ? "trimmed before it was archived as a whole" : "trimmed before it was archived";
        here.put(after, new Gap(first, last, local.firstSegment(), why), NO_CONTENT);
        return true;
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
        tails.close();
    }
}
