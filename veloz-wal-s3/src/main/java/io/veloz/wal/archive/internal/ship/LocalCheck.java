package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Compares the local log with the end of the archive before anything is shipped. The log has to contain all archived records,
 * with the same bytes where the archive ends. An instance is confined to one thread.
 */
final class LocalCheck {
    /**
     * Number of attempts for a log that another process writes, whose files may not show yet that the archived records are
     * durable. With the backoff they take minutes.
     */
    private static final int ATTEMPTS = 12;

    private final LocalLog log;
    private final ShipLog shipLog;
    private int attempts;

    /** The position of the search for the end of the archive. It is kept when a request fails. */
    private @Nullable Slot searchedTo;

    private long searchedFrom;

    LocalCheck(LocalLog log, ShipLog shipLog) {
        this.log = log;
        this.shipLog = shipLog;
    }

    /** @throws WalShippingRefusedException if the local log is behind the archive, or has diverged from it */
    void check(Tip tip) throws IOException {
        Archived end = tip.archived();
        if (end.sequence() == 0 || tip.slot() == null) {
            return;
        }
        LocalLog.Range local = range(end);
        if (local.lastSequence() < end.sequence()) {
            throw log.refused(
                    shipLog.store(),
                    Reason.BEHIND,
                    "the archive ends with record " + end.sequence() + ", the local log with " + local.lastSequence()
                            + ": restore into another directory, and continue there");
        }
        if (local.firstSequence() > end.sequence()) {
            // The log has trimmed all archived records. Shipping detects whether records are missing in between.
            return;
        }
        Slot last = lastContent(tip.slot(), end);
        if (last.part() instanceof Tail tail) {
            checkTail(tail);
        } else if (last.part() instanceof Segment segment) {
            checkSegment(segment);
        }
    }

    /**
     * Returns the range of the local log, which may end before the archive.
     *
     * @throws IOException if it ends before the archive, and its files may not show its end yet
     */
    LocalLog.Range range(Archived end) throws IOException {
        LocalLog.Range local = log.range();
        if (local.lastSequence() < end.sequence() && log.isWrittenElsewhere() && ++attempts < ATTEMPTS) {
            // The files of another process lag behind what is durable. Its next heartbeat shows the rest.
            throw new IOException(log.describe() + " shows records up to " + local.lastSequence()
                    + " as durable; the archive ends with record " + end.sequence());
        }
        return local;
    }

    /** Returns the slot that contains or commits the last bytes of the archive. It exists, because slots follow it. */
    private Slot lastContent(Slot tip, Archived end) throws IOException {
        if (searchedTo == null || searchedFrom != tip.number()) {
            searchedTo = tip;
            searchedFrom = tip.number();
        }
        Slot slot = searchedTo;
        while (!isEnd(slot, end)) {
            if (slot.number() == 1) {
                throw new BadObjectException(shipLog.store().describe() + ": no slot contains the bytes before " + end);
            }
            slot = before(slot, end);
            searchedTo = slot;
        }
        return slot;
    }

    /**
     * Returns an earlier slot, with no content in between. If the kept slot before it ends where it does, that one is returned:
     * only BEATs are in between, which may be deleted.
     */
    private Slot before(Slot slot, Archived end) throws IOException {
        if (slot.kept().number() > 0) {
            Slot kept = History.kept(shipLog, slot);
            if (kept.archived().equals(end)) {
                return kept;
            }
        }
        SlotRef named =
                slot.part() instanceof Beat beat ? beat.after() : new SlotRef(slot.number() - 1, slot.previous());
        Optional<Decoded> before = shipLog.slot(named.number());
        if (before.isEmpty() || !before.get().sha256().equals(named.sha256())) {
            throw new BadObjectException(shipLog.store().describe() + ": slot " + named.number()
                    + (before.isEmpty() ? " is missing" : " is not the one that slot " + slot.number() + " names"));
        }
        return before.get().slot();
    }

    private static boolean isEnd(Slot slot, Archived end) {
        if (slot.part() instanceof Tail tail) {
            return tail.segment() == end.segment() && tail.endPosition() == end.position();
        } else if (slot.part() instanceof Segment segment) {
            return segment.number() == end.segment() && segment.fileBytes() == end.position();
        }
        return slot.part() instanceof Slot.Gap gap && gap.nextSegment() == end.segment() && end.position() == 0;
    }

    private void checkTail(Tail tail) throws IOException {
        Archived before = new Archived(tail.segment(), tail.position(), tail.firstSequence() - 1);
        long bytes = tail.endPosition() - tail.position();
        try (TailReader reader = new TailReader(log)) {
            TailReader.Piece piece = reader.next(before, (int) bytes);
            if (piece == null
                    || !piece.tail().stored(tail.sha256(), tail.encryption()).equals(tail)
                    || !hasDigest(piece, tail)) {
                throw diverged(tail.segment(), tail.firstSequence(), tail.lastSequence());
            }
        } catch (WalCorruptException e) {
            // The batches have other positions than the archived ones.
            // If the log were damaged, opening it would have failed.
            throw diverged(tail.segment(), tail.firstSequence(), tail.lastSequence());
        }
    }

    private boolean hasDigest(TailReader.Piece piece, Tail tail) throws IOException {
        ContentDigest digest = shipLog.keys().digest(tail.encryption(), shipLog.where("the last tail"));
        digest.update(piece.content(), 0, piece.content().length);
        return digest.hex().equals(tail.sha256());
    }

    private void checkSegment(Segment segment) throws IOException {
        Optional<SealedSegment> local = log.sealed(segment.number());
        if (local.isEmpty()
                || local.get().fileBytes() != segment.fileBytes()
                || !digest(local.get(), segment).equals(segment.fileSha256())) {
            throw diverged(segment.number(), segment.firstSequence(), segment.lastSequence());
        }
    }

    private String digest(SealedSegment local, Segment segment) throws IOException {
        ContentDigest digest = shipLog.keys().digest(segment.stored().encryption(), shipLog.where(segment.key()));
        try (InputStream in = log.files().open(local.file())) {
            return digest.of(in);
        }
    }

    private WalShippingRefusedException diverged(long segment, long first, long last) {
        return log.refused(
                shipLog.store(),
                Reason.DIVERGED,
                "records " + first + " to " + last + " in segment " + segment
                        + " differ from the archived ones: this is a copy of the log that has diverged. Restore into"
                        + " another directory, compare, and continue with one of the two");
    }
}
