package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Holds the local log against the end of the archive before anything is shipped: it must have all that is archived, with
 * the same bytes where the archive ends. It belongs to one thread.
 */
final class LocalCheck {
    private static final int BUFFER_BYTES = 64 * 1024;

    /** So often a log that another process writes is given time to promise what is archived: with all pauses, minutes. */
    private static final int LOOKS = 12;

    private final LocalLog log;
    private final ShipLog shipLog;
    private int looks;

    /** Where the walk to the end of the archive has got: what was read stays when a request fails. */
    private @Nullable Slot walked;

    private long walkedFrom;

    LocalCheck(LocalLog log, ShipLog shipLog) {
        this.log = log;
        this.shipLog = shipLog;
    }

    /** @throws WalShippingRefusedException if the local log is behind, or diverges */
    void check(Tip tip) throws IOException {
        Archived end = tip.archived();
        if (end.sequence() == 0 || tip.slot() == null) {
            return;
        }
        LocalLog.Range local = log.range();
        if (local.lastSequence() < end.sequence() && log.isWrittenElsewhere() && ++looks < LOOKS) {
            // The writer in the other process knows more than its files promise yet: its next heartbeat says it.
            throw new IOException(log.describe() + " promises records up to " + local.lastSequence()
                    + "; the archive reaches to " + end.sequence());
        }
        if (local.lastSequence() < end.sequence()) {
            throw log.refused(
                    shipLog.store(),
                    Reason.BEHIND,
                    "the archive reaches to record " + end.sequence() + ", the local log to " + local.lastSequence()
                            + ": restore into another directory, and go on there");
        }
        if (local.firstSequence() > end.sequence()) {
            // Nothing is left to compare. Whether records are missing in between is seen when shipping goes on.
            return;
        }
        Slot last = lastContent(tip.slot(), end);
        if (last.part() instanceof Tail tail) {
            checkTail(tail);
        } else if (last.part() instanceof Segment segment) {
            checkSegment(segment);
        }
    }

    /** The slot that holds, or commits, the bytes that the archive ends with: always there, as what follows it shows. */
    private Slot lastContent(Slot tip, Archived end) throws IOException {
        if (walked == null || walkedFrom != tip.number()) {
            walked = tip;
            walkedFrom = tip.number();
        }
        Slot slot = walked;
        while (!isEnd(slot, end)) {
            if (slot.number() == 1) {
                throw new BadObjectException(shipLog.store().describe() + ": no slot holds the bytes before " + end);
            }
            Optional<Decoded> before = shipLog.slot(slot.number() - 1);
            if (before.isEmpty() || !before.get().sha256().equals(slot.previous())) {
                throw new BadObjectException(shipLog.store().describe() + ": slot " + (slot.number() - 1)
                        + (before.isEmpty() ? " is missing" : " is not the one that the next slot names"));
            }
            slot = before.get().slot();
            walked = slot;
        }
        return slot;
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
            if (piece == null || !piece.tail().equals(tail)) {
                throw diverged(tail.segment(), tail.firstSequence(), tail.lastSequence());
            }
        } catch (WalCorruptException e) {
            // Its batches do not lie where the archived ones do; or the local log is damaged, which its open would have
            // told.
            throw diverged(tail.segment(), tail.firstSequence(), tail.lastSequence());
        }
    }

    private void checkSegment(Segment segment) throws IOException {
        Optional<SealedSegment> local = log.sealed(segment.number());
        if (local.isEmpty()
                || local.get().fileBytes() != segment.fileBytes()
                || !digest(local.get().file()).equals(segment.fileSha256())) {
            throw diverged(segment.number(), segment.firstSequence(), segment.lastSequence());
        }
    }

    private String digest(String file) throws IOException {
        MessageDigest digest = Digest.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = log.files().open(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
        return Digest.hex(digest);
    }

    private WalShippingRefusedException diverged(long segment, long first, long last) {
        return log.refused(
                shipLog.store(),
                Reason.DIVERGED,
                "records " + first + " to " + last + " in segment " + segment
                        + " differ from the archived ones: this is a copy of the log that went its own way. Restore into"
                        + " another directory, compare, and go on with one of the two");
    }
}
