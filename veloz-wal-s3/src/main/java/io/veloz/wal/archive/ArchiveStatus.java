package io.veloz.wal.archive;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Prover.Latest;
import io.veloz.wal.archive.store.ObjectStore;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The content of an archive, as its slots state it. Immutable. */
public final class ArchiveStatus {
    private final String archive;
    private final LogIdentity identity;
    private final @Nullable Slot tip;
    private final long archivedSequence;
    private final int segments;
    private final long segmentObjectBytes;
    private final long segmentFileBytes;
    private final int tails;
    private final long tailBytes;
    private final long checkpointSequence;
    private final long slotsRead;
    private final long strays;
    private final List<LostRange> gaps;
    private final Floor floor;
    private final long lastTimestampNanos;
    private final long firstTimestampNanos;
    private final @Nullable Instant endedAt;

    /** Copies the figures, so that a status does not keep a large proof in memory. */
    ArchiveStatus(String archive, Proof whole, Floor floor, @Nullable Instant endedAt) {
        this.endedAt = endedAt;
        Proof proof = whole.from(floor.cut());
        this.floor = floor;
        this.firstTimestampNanos =
                proof.segments().isEmpty() ? 0 : proof.segments().get(0).minTimestampNanos();
        this.lastTimestampNanos = proof.segments().stream()
                .mapToLong(Segment::maxTimestampNanos)
                .max()
                .orElse(0);
        this.archive = archive;
        this.identity = proof.identity();
        this.tip = proof.tip();
        this.archivedSequence = proof.archived().sequence();
        this.segments = proof.segments().size();
        this.segmentObjectBytes =
                proof.segments().stream().mapToLong(Segment::objectBytes).sum();
        this.segmentFileBytes =
                proof.segments().stream().mapToLong(Segment::fileBytes).sum();
        this.tails = proof.tails().size();
        this.tailBytes = tailBytes(proof.tails());
        this.checkpointSequence = proof.attachments().stream()
                .mapToLong(Attachment::sequence)
                .max()
                .orElse(0);
        this.slotsRead = proof.slots();
        this.strays = proof.strayCount();
        this.gaps = List.copyOf(proof.gaps());
    }

    /** Copies the figures that the last slots state. */
    ArchiveStatus(String archive, Latest latest, Floor floor, @Nullable Instant endedAt) {
        this.endedAt = endedAt;
        this.floor = floor;
        this.firstTimestampNanos = floor.minTimestampNanos();
        this.lastTimestampNanos = latest.lastTimestampNanos();
        this.archive = archive;
        this.identity = latest.identity();
        this.tip = latest.tip();
        this.archivedSequence = latest.tip().archived().sequence();
        this.segments = (int) Math.min(Integer.MAX_VALUE, latest.totals().segments() - floor.segments());
        this.segmentObjectBytes = latest.totals().objectBytes() - floor.objectBytes();
        this.segmentFileBytes = latest.totals().fileBytes() - floor.fileBytes();
        this.tails = latest.tails().size();
        this.tailBytes = tailBytes(latest.tails());
        this.checkpointSequence = latest.checkpointSequence();
        this.slotsRead = latest.slots();
        this.strays = 0;
        this.gaps = List.of();
    }

    private static long tailBytes(List<TailSlot> tails) {
        return tails.stream()
                .mapToLong(each -> each.tail().endPosition() - each.tail().position())
                .sum();
    }

    /**
     * Reads the last slots, which state the figures of the whole archive. If the archive is small, has gaps, or was written by
     * an earlier version, reads all slots.
     *
     * @throws WalRestoreException if it is incomplete or damaged, or cannot be read; see the reason
     */
    public static ArchiveStatus of(ObjectStore store) {
        return new ArchiveVerifier(store).status();
    }

    /** Returns the URI of the archive. */
    public String archive() {
        return archive;
    }

    /** Returns the id of the log: 32 hex digits. */
    public String logId() {
        return identity.logId();
    }

    /** Returns the prefix of the file names of the log. */
    public String prefix() {
        return identity.prefix();
    }

    /** Returns when the archive was created, by the clock of its first writer. */
    public Instant created() {
        return identity.created();
    }

    /** Returns the number of the last slot; 0 if there is none. */
    public long tip() {
        return tip == null ? 0 : tip.number();
    }

    /** Returns the epoch of the last writer; 0 if there is none. */
    public long epoch() {
        return tip == null ? 0 : tip.epoch();
    }

    /** Returns the id of the last writer: 32 hex digits, unique among all writers; empty if there is none. */
    public String writer() {
        return tip == null ? "" : tip.writer();
    }

    /** Returns the host of the last writer; empty if there is none. */
    public String host() {
        return tip == null ? "" : tip.host();
    }

    /** Returns when the last slot was written, by the clock of its writer. */
    public Instant lastWritten() {
        return tip == null ? created() : tip.written();
    }

    /**
     * Returns when the last writer ended on purpose, by its clock. Empty if it runs, if it was killed, or if it could not record
     * its end.
     */
    public Optional<Instant> endedAt() {
        return Optional.ofNullable(endedAt);
    }

    /** Returns the first record that is not retired; if none are retired, the record with which the archive begins. */
    public long firstSequence() {
        return Math.max(identity.firstSequence(), floor.cut().sequence());
    }

    /** Returns the number of the care record that has retired records last; 0 if none are retired. */
    public long retiredBy() {
        return floor.record();
    }

    /** Returns the number of segments that are retired. The other figures are without them. */
    public long retiredSegments() {
        return floor.segments();
    }

    /**
     * Returns the earliest timestamp in the first segment that is not retired, in nanoseconds since 1970; 0 if it is not known,
     * because not all slots were read and none are retired.
     */
    public long firstTimestampNanos() {
        return firstTimestampNanos;
    }

    /** Returns the latest timestamp in a segment, in nanoseconds since 1970; 0 if there is none. Tails do not state times. */
    public long lastTimestampNanos() {
        return lastTimestampNanos;
    }

    /** Returns the last archived record; 0 if there is none. */
    public long archivedSequence() {
        return archivedSequence;
    }

    /** Returns the number of archived segments. */
    public int segments() {
        return segments;
    }

    /** Returns the size of the archived segments in the store, where they are compressed. */
    public long segmentObjectBytes() {
        return segmentObjectBytes;
    }

    /** Returns the size of the archived segments as files. */
    public long segmentFileBytes() {
        return segmentFileBytes;
    }

    /** Returns the number of tails that a restore needs. */
    public int tails() {
        return tails;
    }

    /** Returns the size of these tails, uncompressed. */
    public long tailBytes() {
        return tailBytes;
    }

    /** Returns the last record that the newest checkpoint covers; 0 if there is no checkpoint. */
    public long checkpointSequence() {
        return checkpointSequence;
    }

    /** Returns the number of slots that were read. */
    public long slotsRead() {
        return slotsRead;
    }

    /** Returns the number of slots that are not in the chain, which is harmless; 0 if not all slots were read. */
    public long strays() {
        return strays;
    }

    /** Returns the ranges of records that are missing, whether declared or not. */
    public List<LostRange> gaps() {
        return gaps;
    }

    /** Returns the values in one line, for logs and incident reports. The format may change. */
    @Override
    public String toString() {
        return archive + ": log " + logId() + " (" + prefix() + ") created " + created() + ", records "
                + firstSequence() + " to " + archivedSequence() + ", tip " + tip() + ", epoch " + epoch()
                + ", writer " + writer() + " on " + host() + ", last written " + lastWritten()
                + (endedAt == null ? "" : ", ended on purpose at " + endedAt) + ", segments "
                + segments() + " (" + segmentObjectBytes() + " bytes, files " + segmentFileBytes() + "), tails "
                + tails() + " (" + tailBytes() + " bytes), checkpoint " + checkpointSequence() + ", slots read "
                + slotsRead() + ", strays " + strays() + ", gaps " + gaps()
                + (retiredBy() == 0
                        ? ""
                        : ", " + retiredSegments() + " segments retired by care record " + retiredBy());
    }
}
