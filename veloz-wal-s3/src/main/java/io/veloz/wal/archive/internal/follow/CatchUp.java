package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.FollowState.Content;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
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

    /** Whether the last proof contains the last kept slot that was applied, and thereby all slots before it. */
    private boolean hasKept;

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
        if (!compareLast(proof)) {
            return false;
        }
        Proof kept = proof.from(floor.cut());
        if (standby.state().isEmpty()) {
            begin(kept);
        }
        return segmentsAndTails(kept) && arrive(kept);
    }

    private Optional<Proof> prove() throws IOException {
        try {
            Prover prover = new Prover(log, identity, retries, PARALLELISM, slots -> {});
            Proof proof = prover.prove(Long.MAX_VALUE);
            disappeared = "";
            SlotRef kept = standby.state().kept();
            hasKept = kept.number() == 0 || prover.hasKept(kept);
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
        if (!hasKept) {
            throw standby.files()
                    .diverged("the chain of " + log.store().describe() + " has another slot "
                            + state.kept().number());
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

    /**
     * Compares the bytes that were archived last, when slots were applied one by one, with those that the archive has now. If
     * they are equal, and the last kept slot is, everything before them is. If their segment is committed, they are compared
     * when it is completed.
     *
     * @return false if the slot that has them was dropped meanwhile
     */
    private boolean compareLast(Proof proof) throws IOException {
        Content last = standby.state().content();
        boolean isCommitted = last.segment() <= standby.state().verified()
                || proof.segments().stream().anyMatch(segment -> segment.number() == last.segment());
        if (last.segment() == 0 || isCommitted) {
            return true;
        }
        for (TailSlot slot : proof.tails()) {
            Tail tail = slot.tail();
            if (tail.segment() == last.segment() && tail.position() == last.from() && tail.endPosition() == last.to()) {
                Optional<Decoded> found = read(slot);
                if (found.isPresent() && !Digest.of(found.get().content()).equals(last.sha256())) {
                    throw standby.files().diverged(log.where("slot " + slot.slot()) + " has other bytes");
                }
                return found.isPresent();
            }
        }
        throw standby.files()
                .diverged(log.store().describe() + " has other tails of segment " + last.segment() + " from "
                        + last.from() + " to " + last.to());
    }

    private Optional<Decoded> read(TailSlot slot) throws IOException {
        return retries.call(() -> log.slot(slot.slot()))
                .filter(found -> found.sha256().equals(slot.sha256()));
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
        Tail tail = slot.tail();
        if (isPresent(tail) && !isIntact(tail)) {
            if (standby.files().isSealed(tail.segment())) {
                throw standby.files()
                        .damaged("segment " + tail.segment() + " does not have the bytes from " + tail.position()
                                + " to " + tail.endPosition() + " that are archived");
            }
            standby.rewind(tail);
        }
        if (isPresent(tail)) {
            return true;
        }
        Optional<Decoded> found = read(slot);
        if (found.isEmpty()) {
            return false;
        }
        standby.write(tail, found.get().content());
        standby.save(standby.state());
        return true;
    }

    private boolean isPresent(Tail tail) {
        Archived end = standby.state().end();
        return tail.segment() < end.segment()
                || (tail.segment() == end.segment() && tail.endPosition() <= end.position());
    }

    private boolean isIntact(Tail tail) throws IOException {
        return tail.segment() <= standby.state().verified() || standby.files().has(tail);
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
