package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Brings a standby to the end of the archive through a proof, if it cannot continue slot by slot: at the start, after tails
 * that were dropped, and after a stray slot. It belongs to one thread.
 */
final class CatchUp {
    private static final int PARALLELISM = 8;

    private final ShipLog log;
    private final LogIdentity identity;
    private final Retries retries;
    private final Standby standby;

    /** The slot that was missing in the last proof. A slot that is missing in two proofs was not dropped by a shipper. */
    private String disappeared = "";

    private volatile long archivedSequence;

    CatchUp(ShipLog log, LogIdentity identity, Retries retries, Standby standby) {
        this.log = log;
        this.identity = identity;
        this.retries = retries;
        this.standby = standby;
    }

    /** Returns the last archived record of the last proof. */
    long archivedSequence() {
        return archivedSequence;
    }

    /**
     * Fetches everything up to the end of the archive.
     *
     * @return false if it has to be repeated: a shipper dropped tails meanwhile
     */
    boolean run() throws IOException {
        Optional<Proof> proven = prove();
        if (proven.isEmpty()) {
            return false;
        }
        Proof proof = proven.get();
        archivedSequence = proof.archived().sequence();
        Floor floor = new CareChain(log.store(), retries, identity)
                .lastReadable(finding -> {})
                .state()
                .floor();
        check(proof, floor);
        Proof kept = proof.from(floor.cut());
        if (standby.state().isEmpty()) {
            begin(kept);
        }
        return segmentsAndTails(kept) && arrive(kept);
    }

    private Optional<Proof> prove() throws IOException {
        try {
            Proof proof = new Prover(log, identity, retries, PARALLELISM, slots -> {}).prove(Long.MAX_VALUE);
            disappeared = "";
            return Optional.of(proof);
        } catch (BrokenProofException e) {
            boolean exists = retries.call(() -> log.store().head(e.key())).isPresent();
            if (e.isUnknownFormat() || exists || e.key().equals(disappeared)) {
                throw e;
            }
            disappeared = e.key();
            return Optional.empty();
        }
    }

    /** Throws if the archive does not continue the local log. */
    private void check(Proof proof, Floor floor) {
        FollowState state = standby.state();
        long tip = proof.tip() == null ? 0 : proof.tip().number();
        Archived end = state.end();
        if (tip < state.place().slot().number() || proof.archived().sequence() < end.sequence()) {
            throw new ArchiveFollowException(
                    Reason.LOST_SLOTS,
                    log.store().describe() + " ends with slot " + tip + " and record "
                            + proof.archived().sequence() + "; "
                            + standby.files().describe() + " has applied slot "
                            + state.place().slot().number() + " and record " + end.sequence()
                            + ". Restore the slots from a version or a copy");
        }
        if (!state.isEmpty() && floor.cut().sequence() > end.sequence() + 1) {
            throw new ArchiveFollowException(
                    Reason.RETIRED,
                    standby.files().describe() + " ends with record " + end.sequence()
                            + ", and the records before " + floor.cut().sequence() + " were retired by care record "
                            + floor.record() + ": delete the directory, and follow into an empty one");
        }
        long from = Math.max(end.sequence() + 1, floor.cut().sequence());
        proof.gaps().stream()
                .filter(gap -> gap.lastSequence() >= from)
                .findFirst()
                .ifPresent(gap -> {
                    throw standby.gap(gap.firstSequence(), gap.lastSequence());
                });
    }

    /** Begins the log, with the checkpoint that replaces the records before its first one. */
    private void begin(Proof proof) throws IOException {
        long segment = proof.identity().firstSegment();
        long sequence = proof.identity().firstSequence();
        standby.files().names().complete(identity.logId(), segment, sequence);
        standby.save(standby.state().beginning(segment, sequence));
        List<Attachment> newestFirst = proof.attachments().stream()
                .filter(attachment -> attachment.name().equals("checkpoint"))
                .sorted(Comparator.comparingLong(Attachment::sequence).reversed())
                .toList();
        for (Attachment checkpoint : newestFirst) {
            if (checkpoint.sequence() >= sequence - 1 && standby.tryFetch(checkpoint)) {
                return;
            }
        }
        if (sequence > 1) {
            throw new ArchiveFollowException(
                    Reason.DAMAGED,
                    log.store().describe() + " begins with record " + sequence
                            + ", and no checkpoint that covers the records before it can be read: put one back from a"
                            + " version or a copy");
        }
    }

    private boolean segmentsAndTails(Proof proof) throws IOException {
        List<Segment> segments = proof.segments();
        int next = 0;
        for (TailSlot tail : proof.tails()) {
            int from = next;
            while (next < segments.size()
                    && segments.get(next).number() < tail.tail().segment()) {
                next++;
            }
            segments(segments.subList(from, next));
            if (!tail(tail)) {
                return false;
            }
        }
        segments(segments.subList(next, segments.size()));
        return true;
    }

    /**
     * Completes segments. Order matters: the segment that the log ends in is sealed before any later one is fetched, as sealing
     * reads all files, and expects no hole.
     */
    private void segments(List<Segment> segments) throws IOException {
        List<Segment> later = new ArrayList<>();
        for (Segment segment : segments) {
            if (segment.number() > standby.state().end().segment()) {
                later.add(segment);
            } else {
                complete(segment);
            }
        }
        if (!later.isEmpty()) {
            standby.finish();
            new SegmentFetch(standby.files()).forEach(later, this::complete);
        }
    }

    private void complete(Segment segment) throws IOException {
        if (segment.number() > standby.state().verified()) {
            standby.write(segment);
            standby.save(standby.state());
        }
    }

    private boolean tail(TailSlot slot) throws IOException {
        Archived end = standby.state().end();
        boolean isPresent = slot.tail().segment() < end.segment()
                || (slot.tail().segment() == end.segment() && slot.tail().endPosition() <= end.position());
        if (isPresent) {
            return true;
        }
        Optional<Decoded> found = retries.call(() -> log.slot(slot.slot()));
        if (found.isEmpty() || !found.get().sha256().equals(slot.sha256())) {
            return false;
        }
        standby.write(slot.tail(), found.get().content());
        standby.save(standby.state());
        return true;
    }

    private boolean arrive(Proof proof) throws IOException {
        if (proof.tip() == null) {
            return true;
        }
        Optional<Decoded> tip =
                retries.call(() -> log.check(Objects.requireNonNull(proof.tip()).number()));
        if (tip.isEmpty() || !tip.get().slot().equals(proof.tip())) {
            return false;
        }
        standby.arrive(tip.get().slot(), tip.get().sha256());
        return true;
    }
}
