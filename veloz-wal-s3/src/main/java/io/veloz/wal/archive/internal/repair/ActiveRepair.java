package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.repair.LogRepair.Cause;
import io.veloz.wal.archive.internal.repair.LogRepair.Repaired;
import io.veloz.wal.archive.internal.restore.NewFile;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Stages the active segment of a repaired log. Of the archive only its tails are used, which are the beginning of the segment,
 * and only if the batches before the damage are equal. The local bytes after them stay. So the segment never becomes shorter.
 * Confined to one thread.
 */
final class ActiveRepair {
    /** The header of a segment, with the marks of its end, which no copy has. */
    private static final int HEADER_BYTES = 4096;

    private final ArchivedParts archive;
    private final LocalSegments local;
    private final LogFiles files;
    private final LogFiles staged;
    private boolean isLast;
    private boolean isRequired;

    ActiveRepair(ArchivedParts archive, LocalSegments local, LogFiles files, LogFiles staged) {
        this.archive = archive;
        this.local = local;
        this.files = files;
        this.staged = staged;
    }

    /** Returns whether the file has to take its place after the sealed segments. */
    boolean isLast() {
        return isLast;
    }

    /** Returns whether the staged sealed segments need another active segment after them. */
    boolean isRequired() {
        return isRequired;
    }

    /**
     * Stages the active segment if it has to be replaced.
     *
     * @throws io.veloz.wal.archive.internal.format.BadObjectException if a tail is damaged or missing
     */
    Optional<Repaired> stage(SortedMap<Long, Repaired> segments) throws IOException {
        Optional<SegmentReport> active = local.active();
        long number = active.map(local::activeNumber).orElse(0L);
        long lastStaged = segments.isEmpty() ? 0 : segments.lastKey();
        boolean isOvertaken = active.isPresent() && number <= lastStaged;
        boolean followsOther = active.isPresent()
                && active.get().records() == 0
                && segments.values().stream().anyMatch(segment -> segment.cause() == Cause.OTHER_FILE);
        if (isOvertaken || (followsOther && number == lastStaged + 1)) {
            isLast = isOvertaken;
            isRequired = true;
            return Optional.of(next(lastStaged + 1, active.get().isGood() ? Cause.OTHER_FILE : Cause.DAMAGED));
        }
        if (active.isEmpty()) {
            long next = Math.max(lastStaged, local.last()) + 1;
            boolean isKnown = lastStaged > local.last() || !archive.tails(next).isEmpty();
            return local.isEndMissing() && isKnown ? Optional.of(next(next, Cause.MISSING)) : Optional.empty();
        }
        List<TailSlot> tails = archive.tails(number);
        return active.get().isGood() || tails.isEmpty() ? Optional.empty() : Optional.of(patched(active.get(), tails));
    }

    /** Stages the archived beginning of a segment, or an empty segment. */
    private Repaired next(long number, Cause cause) throws IOException {
        List<TailSlot> tails = archive.tails(number);
        if (tails.isEmpty()) {
            // It takes its number from the sealed segment that is staged before it.
            staged.complete(local.report().logId(), 1, 1);
            return new Repaired(files.currentName(), -1, -1, cause, "");
        }
        try (NewFile to = new NewFile(staged.storage(), files.currentName())) {
            archive.fetch(tails, to);
            to.finish();
        }
        return repaired(tails, cause);
    }

    private Repaired repaired(List<TailSlot> tails, Cause cause) {
        return new Repaired(
                files.currentName(),
                tails.get(0).tail().firstSequence(),
                tails.get(tails.size() - 1).tail().lastSequence(),
                cause,
                "");
    }

    /** Stages the archived beginning of a segment, followed by its local bytes. */
    private Repaired patched(SegmentReport damaged, List<TailSlot> tails) throws IOException {
        Tail last = tails.get(tails.size() - 1).tail();
        try (NewFile to = new NewFile(staged.storage(), files.currentName())) {
            archive.fetch(tails, to);
            requireEqual(damaged, tails, Math.min(damaged.dataBytes(), last.endPosition()));
            try (StorageFile raw = files.storage().openForReading(damaged.file())) {
                copyHeader(raw, to);
                to.copy(raw, last.endPosition());
            }
            to.finish();
        }
        return repaired(tails, Cause.DAMAGED);
    }

    /** Keeps the marks in the header, which show up to where records were acknowledged, if the rest of the header is intact. */
    private void copyHeader(StorageFile raw, NewFile to) throws IOException {
        ByteBuffer mine = ByteBuffer.allocate(HEADER_BYTES);
        ByteBuffer archived = ByteBuffer.allocate(HEADER_BYTES);
        try (StorageFile unmarked = files.openSegment(files.currentName());
                StorageFile staging = staged.storage().openForReading(files.currentName())) {
            boolean isWhole =
                    unmarked.readFully(mine, 0) == HEADER_BYTES && staging.readFully(archived, 0) == HEADER_BYTES;
            if (isWhole && mine.flip().equals(archived.flip())) {
                raw.readFully(mine.clear(), 0);
                to.overwrite(mine.flip(), 0);
            }
        }
    }

    private void requireEqual(SegmentReport damaged, List<TailSlot> tails, long bytes) throws IOException {
        try (StorageFile mine = files.openSegment(damaged.file());
                StorageFile archived = staged.storage().openForReading(files.currentName())) {
            if (!FileBytes.sha256(mine, 0, bytes).equals(FileBytes.sha256(archived, 0, bytes))) {
                long first = tails.get(0).tail().firstSequence();
                throw new WalRestoreException(
                        Reason.DIVERGED,
                        null,
                        first,
                        -1,
                        files.storage().describe() + "/" + damaged.file() + ": the intact batches before "
                                + damaged.dataBytes() + " differ from the archived ones; nothing was changed",
                        null);
            }
        }
    }
}
