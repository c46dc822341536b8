package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.SealedSegment;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.ship.Term.Phase;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an archive equal to a log, one small step at a time: {@link #advance}. Any step may fail and be repeated. It
 * belongs to one thread; what it has reached others see through {@link Reached}.
 */
public final class Shipping implements AutoCloseable {
    private static final byte[] NO_CONTENT = new byte[0];
    private static final int LOOKS_PER_CHECKPOINT = 60;
    private static final long DROP_PAUSE_NANOS = 60_000_000_000L;

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
    private final Backoff uploadBackoff;
    private final TailReader tails;
    private final Spool spool;
    private final CleanUp cleanUp;
    private @Nullable LogIdentity identity;
    private @Nullable Office office;
    private @Nullable Resume resume;
    private boolean isStoreFit;
    private boolean flushWanted;
    private boolean catchingUp;
    private long uploadAt;
    private boolean uploadWaits;
    private long checkpointAt;
    private long dropAt;

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
        this.uploadBackoff = uploadBackoff;
        this.pace = pace;
        this.nanoTime = nanoTime;
        this.uploader = new Uploader(uploads, onUploadEnd);
        this.tails = new TailReader(log);
        this.spool = new Spool(log);
        this.cleanUp = new CleanUp(store, config.tailGrace().toNanos());
        this.uploadAt = nanoTime.getAsLong();
        this.checkpointAt = uploadAt;
        this.dropAt = uploadAt;
    }

    /** From now on everything that is durable by then is shipped, as a tail if need be. */
    public void flush() {
        flushWanted = true;
    }

    /** Whether nothing can be shipped before an upload has ended, one that runs or the next try. */
    public boolean awaitsUpload() {
        return catchingUp;
    }

    /** How long until an upload that failed is tried again; {@link Long#MAX_VALUE} if none is to be. */
    public long nanosToUpload() {
        // What the last step saw decides: the pause may have ended since then.
        return uploadWaits ? Math.max(0, uploadAt - nanoTime.getAsLong()) : Long.MAX_VALUE;
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
                if (!entry.checkTip(identity, here.tip())) {
                    office = null;
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
        if (before == Phase.LIST_BEHIND) {
            reached.inOffice(here.epoch(), tip.archived());
            return;
        }
        Slot slot = Objects.requireNonNull(tip.slot());
        resume = Objects.requireNonNull(resume).behind(slot.part());
        if (slot.part() instanceof Tail tail) {
            cleanUp.tails(slot.number(), slot.number(), tail.segment());
        } else if (slot.part() instanceof Segment segment) {
            cleanUp.committed(segment.number(), nanoTime.getAsLong());
        } else if (slot.part() instanceof Gap gap) {
            cleanUp.keepUncommitted();
            if (tip.archived().position() == 0) {
                reached.gap(gap.firstSequence(), gap.lastSequence());
            }
        }
        reached.archived(tip.archived(), letsGo(tip.archived()));
    }

    /**
     * Which records the log may trim: those of segments that are archived as a whole, but for the one that the archive
     * ends in. That one stays, so that the next term of office can compare.
     */
    private long letsGo(Archived archived) {
        Resume known = Objects.requireNonNull(resume);
        boolean endsInIt = archived.segment() == known.nextSegment() - 1;
        return endsInIt ? Math.max(0, known.committedFirst() - 1) : known.committedLast();
    }

    // ---- in office

    private boolean ship(Office here) throws IOException {
        if (resume == null) {
            resume = Resume.from(shipLog, Objects.requireNonNull(identity), here.tip(), cleanUp);
            cleanUp.committed(resume.nextSegment() - 1, nanoTime.getAsLong());
            reached.archived(here.tip().archived(), letsGo(here.tip().archived()));
            return true;
        }
        Archived archived = here.tip().archived();
        if (uploader.hasEnded()) {
            return commit(here, archived);
        }
        List<SealedSegment> sealed = spool.from(Math.min(resume.nextSegment(), Math.max(1, archived.segment())));
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
        catchingUp = isCatchingUp(archived, sealed);
        uploadWaits = uploader.isIdle() && nanoTime.getAsLong() - uploadAt < 0;
        if (uploader.isIdle() && !uploadWaits && startUpload(archived, sealed, here.epoch())) {
            return true;
        }
        if (flushWanted && !catchingUp && !awaitsCheckpoint()) {
            return shipTail(here, archived);
        }
        return drop();
    }

    /** Nothing depends on it, so a store that refuses to delete is not asked at every step. */
    private boolean drop() throws IOException {
        long now = nanoTime.getAsLong();
        if (now - dropAt < 0) {
            return false;
        }
        dropAt = now + DROP_PAUSE_NANOS;
        boolean dropped = cleanUp.drop(now);
        dropAt = now;
        return dropped;
    }

    private long nextSegment() {
        return Objects.requireNonNull(resume).nextSegment();
    }

    /** An archive that begins later than the log once did is of no use before it has a checkpoint. */
    private boolean awaitsCheckpoint() {
        return Objects.requireNonNull(identity).firstSequence() > 1
                && !Objects.requireNonNull(resume).hasCheckpoint();
    }

    private boolean isCatchingUp(Archived archived, List<SealedSegment> sealed) {
        for (SealedSegment segment : sealed) {
            if (segment.lastSequence() > archived.sequence()) {
                return left(segment, archived) >= config.maxTailBytes();
            }
        }
        return false;
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
        long archivedBefore = Objects.requireNonNull(resume).checkpointSequence();
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

    private boolean commit(Office here, Archived archived) throws IOException {
        Slot.Part part;
        try {
            part = uploader.take();
        } catch (IOException e) {
            // Tails go on meanwhile.
            uploadAt = nanoTime.getAsLong() + uploadBackoff.nanosAfter(e);
            checkpointAt = uploadAt;
            throw e;
        }
        uploadBackoff.succeeded();
        uploadAt = nanoTime.getAsLong();
        Archived after = archived;
        if (part instanceof Segment segment && archived.segment() <= segment.number()) {
            after = new Archived(segment.number(), segment.fileBytes(), segment.lastSequence());
        }
        here.put(after, part, NO_CONTENT);
        return true;
    }

    private boolean shipTail(Office here, Archived archived) throws IOException {
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
            return drop();
        }
        flushWanted = !tails.atEnd();
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
        LocalLog.Range local = log.range();
        if (local.firstSegment() <= nextSegment()) {
            throw new IOException(log.describe() + ": segment " + nextSegment() + " is not there at the moment");
        }
        long last = local.firstSequence() - 1;
        boolean inTails = archived.sequence() >= last;
        long first = inTails ? Objects.requireNonNull(resume).committedLast() + 1 : archived.sequence() + 1;
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
