package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.WalException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.FollowState.Content;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Beat;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import java.io.IOException;

/**
 * A directory with a prefix of the archived log, to which slots are applied in their order. It belongs to one thread.
 *
 * <p>Crash table. Order matters: the bytes are durable before the state that contains them. So after a crash the files may
 * extend beyond the state, and the same slots are applied again.
 *
 * <pre>
 *   crash after                              the next start
 *   marker of a restore                      the directory is free: begins
 *   state without a slot                     searches, and fetches everything
 *   some bytes of a tail                     writes them again at the same position, and cuts off the rest
 *   the file before the tail is sealed       finds the sealed file, and begins the next one
 *   the first tail of a segment is renamed   replaces the file by the same bytes
 *   a segment is sealed or fetched           finds the file with its SHA-256, and deletes the active segment
 *   the active segment is deleted            finds the file with its SHA-256
 *   some segments of a search are fetched    searches again: finds files with their SHA-256, and fetches the others
 *   a checkpoint is renamed                  fetches it again
 *   the state is replaced                    continues with the next slot
 * </pre>
 */
final class Standby {
    private final StandbyFiles files;

    /** Other threads read it for the status. */
    private volatile FollowState state;

    private volatile long beatMillis;

    Standby(StandbyFiles files, FollowState state) {
        this.files = files;
        this.state = state;
    }

    FollowState state() {
        return state;
    }

    StandbyFiles files() {
        return files;
    }

    void save(FollowState next) throws IOException {
        files.save(next);
        state = next;
    }

    /** Applies the slot that follows the last one. Returns when it is durable. */
    void apply(Decoded decoded) throws IOException {
        Slot slot = decoded.slot();
        FollowState before = state;
        try {
            if (slot.part() instanceof Tail tail) {
                write(tail, decoded.content());
            } else if (slot.part() instanceof Segment segment) {
                write(segment);
            } else if (slot.part() instanceof Attachment attachment) {
                write(attachment);
            } else if (slot.part() instanceof Gap gap) {
                check(gap);
            }
            arrive(slot, decoded.sha256());
        } catch (IOException | RuntimeException e) {
            state = before;
            throw e;
        }
    }

    /** Returns the beat interval of the writer in milliseconds; 0 if none of its BEATs was applied. Any thread may call it. */
    long beatMillis() {
        return beatMillis;
    }

    /** Records that everything up to a slot is applied. */
    void arrive(Slot slot, String sha256) throws IOException {
        if (slot.part() instanceof Beat beat) {
            beatMillis = beat.intervalMillis();
        } else if (slot.part() instanceof Epoch) {
            beatMillis = 0;
        }
        if (!state.end().equals(slot.archived())) {
            throw new BadObjectException("slot " + slot.number() + " states " + slot.archived() + "; "
                    + files.describe() + " ends with " + state.end());
        }
        save(state.at(slot, sha256));
    }

    /** Writes the bytes of a tail. The state is not durable yet. */
    void write(Tail tail, byte[] content) throws IOException {
        Archived end = state.end();
        boolean isNext = tail.segment() > end.segment();
        if (isNext ? tail.position() != 0 : tail.segment() != end.segment() || tail.position() != end.position()) {
            throw new BadObjectException("a tail with the bytes of segment " + tail.segment() + " from "
                    + tail.position() + " does not follow " + end);
        }
        if (!files.isSealed(tail.segment())) {
            if (isNext) {
                finish(end);
                files.begin(content);
            } else {
                files.append(tail.position(), content);
            }
        }
        state = state.with(
                new Archived(tail.segment(), tail.endPosition(), tail.lastSequence()),
                state.verified(),
                new Content(tail.segment(), tail.position(), tail.endPosition(), Digest.of(content)));
    }

    /** Continues at the beginning of a tail whose local bytes are damaged. */
    void rewind(Tail tail) {
        Archived end = new Archived(tail.segment(), tail.position(), tail.firstSequence() - 1);
        state = state.with(end, state.verified(), state.content());
    }

    /** Seals the segment that the log ends in, if its file is not sealed yet. */
    void finish() throws IOException {
        finish(state.end());
    }

    private void finish(Archived end) throws IOException {
        if (end.segment() > 0 && !files.isSealed(end.segment())) {
            files.seal(end.segment(), end.position());
        }
    }

    /** Completes a segment: seals the local bytes, or fetches the file if they are not those of the archive. */
    void write(Segment segment) throws IOException {
        Archived end = state.end();
        if (segment.number() <= state.verified()) {
            return;
        }
        boolean isNext = segment.number() > end.segment();
        if (isNext && end.segment() > 0 && segment.firstSequence() != end.sequence() + 1) {
            throw new BadObjectException(segment.key() + " begins with record " + segment.firstSequence()
                    + "; expected " + (end.sequence() + 1));
        }
        if (isNext) {
            finish(end);
        } else if (segment.number() == end.segment() && end.position() == segment.dataBytes()) {
            trySeal(end);
        }
        if (!files.isIntact(segment)) {
            files.fetch(segment, state.content());
            if (!files.isIntact(segment)) {
                throw new ArchiveFollowException(
                        Reason.DIVERGED,
                        files.describe() + ": the file of segment " + segment.number()
                                + " differs from the archive although it was fetched again: check the disk, and follow"
                                + " into an empty directory");
            }
        }
        boolean isEnd = segment.number() >= end.segment();
        if (isEnd) {
            files.dropCurrent();
        }
        state = state.with(
                isEnd ? new Archived(segment.number(), segment.fileBytes(), segment.lastSequence()) : end,
                segment.number(),
                isEnd ? new Content(segment.number(), 0, segment.fileBytes(), files.sha256(segment)) : state.content());
    }

    /** A segment that cannot be sealed is damaged on this disk, and is fetched. */
    private void trySeal(Archived end) throws IOException {
        try {
            finish(end);
        } catch (WalException | ArchiveFollowException e) {
            files.dropCurrent();
        }
    }

    /** Fetches a checkpoint. A damaged one is skipped: the one before stays, and no log needs the newest. */
    private void write(Attachment attachment) throws IOException {
        if (attachment.name().equals("checkpoint")) {
            tryFetch(attachment);
        }
    }

    /** Returns false if the checkpoint is damaged or missing. */
    boolean tryFetch(Attachment checkpoint) throws IOException {
        try {
            files.fetch(checkpoint);
            return true;
        } catch (BadObjectException e) {
            return false;
        }
    }

    private void check(Gap gap) {
        if (gap.lastSequence() > state.end().sequence()) {
            throw gap(gap.firstSequence(), gap.lastSequence());
        }
    }

    ArchiveFollowException gap(long first, long last) {
        return new ArchiveFollowException(
                Reason.GAP,
                files.describe() + ": the archive declares records " + first + " to " + last
                        + " as lost, and no log continues after them: restore the records before or after the gap");
    }
}
