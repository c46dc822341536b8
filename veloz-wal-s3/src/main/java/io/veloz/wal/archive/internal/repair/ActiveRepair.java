package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
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
 * The end marks in the header page stay, too: no copy has them, and they show up to where records were acknowledged. Confined to
 * one thread.
 */
final class ActiveRepair {
    private final ArchivedParts archive;
    private final LocalSegments local;
    private final LogFiles files;
    private final LogFiles staged;
    private final Optional<ArchivedHeader> header;
    private boolean isLast;
    private boolean isRequired;
    private long tailsEnd;
    private boolean hasTails;

    /** @param header the one that the active segment has in {@code local}, if its own one is unreadable */
    ActiveRepair(
            ArchivedParts archive,
            LocalSegments local,
            LogFiles files,
            LogFiles staged,
            Optional<ArchivedHeader> header) {
        this.archive = archive;
        this.local = local;
        this.files = files;
        this.staged = staged;
        this.header = header;
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
        if (active.isPresent() && active.get().number() <= 0) {
            // It may have records that are nowhere else.
            return Optional.empty();
        }
        long number = active.map(local::activeNumber).orElse(0L);
        long lastStaged = segments.isEmpty() ? 0 : segments.lastKey();
        boolean isOvertaken = active.isPresent() && number <= lastStaged;
        boolean followsOther = active.isPresent()
                && active.get().records() == 0
                && (header.isEmpty() || active.get().isGood())
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
        boolean isSound = active.get().isGood() && header.isEmpty();
        return isSound || tails.isEmpty() ? Optional.empty() : patched(active.get(), tails);
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

    /** Stages the archived beginning of a segment, followed by its local bytes; empty if the local file begins with it. */
    private Optional<Repaired> patched(SegmentReport damaged, List<TailSlot> tails) throws IOException {
        tailsEnd = tails.get(tails.size() - 1).tail().endPosition();
        hasTails = true;
        try (NewFile to = new NewFile(staged.storage(), files.currentName());
                StorageFile raw = files.storage().openForReading(damaged.file())) {
            archive.fetch(tails, to);
            long compared = Math.min(damaged.dataBytes(), tailsEnd);
            if (!hasBytesOfTails(compared)) {
                throw diverged(damaged, tails);
            }
            if (header.isEmpty() && hasBytesOfTails(tailsEnd)) {
                return Optional.empty();
            }
            to.overwrite(ByteBuffer.wrap(header.isPresent() ? header.get().page() : page(raw)), 0);
            to.copy(raw, tailsEnd);
            to.finish();
        }
        return Optional.of(repaired(tails, Cause.DAMAGED));
    }

    private static byte[] page(StorageFile raw) throws IOException {
        byte[] page = new byte[ArchivedHeader.BYTES];
        raw.readFully(ByteBuffer.wrap(page), 0);
        return page;
    }

    private boolean hasBytesOfTails(long end) throws IOException {
        long from = header.isPresent() ? ArchivedHeader.BYTES : 0;
        long to = Math.max(ArchivedHeader.BYTES, end);
        try (StorageFile mine = files.openSegment(files.currentName());
                StorageFile archived = staged.storage().openForReading(files.currentName())) {
            return FileBytes.sha256(mine, from, to).equals(FileBytes.sha256(archived, from, to));
        }
    }

    private WalRestoreException diverged(SegmentReport damaged, List<TailSlot> tails) {
        String what = header.isPresent()
                ? "the header is unreadable, and the intact batches from " + ArchivedHeader.BYTES + " to "
                : "the header or the intact batches before ";
        return new WalRestoreException(
                Reason.DIVERGED,
                null,
                tails.get(0).tail().firstSequence(),
                -1,
                files.storage().describe() + "/" + damaged.file() + ": " + what + damaged.dataBytes()
                        + " differ from the archived ones; nothing was changed",
                null);
    }

    // ---- after the log was verified as it will be

    /** Returns whether the archive has tails of the segment, so that it was compared with them. */
    boolean hasTails() {
        return hasTails;
    }

    /**
     * Returns whether the segment is known to begin with the tails, although it is damaged after them, and the log shows that: it
     * has all local batches up to their end, or one after them, which names the checksum of the last one.
     *
     * @param then the log with the staged file
     */
    boolean isProvenBeginning(LocalSegments then) {
        boolean isJoined = then.active()
                .filter(active -> !active.isGood() && (hasLocalTails() || active.dataBytes() > tailsEnd))
                .isPresent();
        return isJoined
                && then.report().lost().stream()
                        .filter(range -> range.file().equals(files.currentName()))
                        .allMatch(range -> range.position() >= tailsEnd);
    }

    private boolean hasLocalTails() {
        return local.active().filter(active -> active.dataBytes() >= tailsEnd).isPresent();
    }

    /**
     * Returns why the staged file may be a part of the segment only; empty if it is known to be all of it. The end marks show its
     * end. If they were lost with the header, local batches have to, and the length of the file.
     *
     * @param then the log with the staged file
     */
    String doubt(LocalSegments then) throws IOException {
        Optional<SegmentReport> found = then.active();
        if (found.isEmpty() || !found.get().isGood()) {
            return found.map(active -> active.verdict() + " " + active.detail()).orElse("not part of the log");
        }
        boolean showsEnd =
                header.isEmpty() || header.get().hasMark() || found.get().verdict() == SegmentReport.Verdict.UNSEALED;
        if (showsEnd) {
            return "";
        }
        String lost = "its header page is unreadable with both end marks, and ";
        long prepared = header.get().preparedBytes();
        try (StorageFile raw = files.storage().openForReading(files.currentName())) {
            if (raw.size() < prepared) {
                return lost + "the file has " + raw.size() + " bytes of the " + prepared
                        + " that the archived header states, so records may be missing at its end";
            }
        }
        return hasLocalTails() || found.get().dataBytes() > tailsEnd
                ? ""
                : lost + "no intact local batch reaches the end of the tails at " + tailsEnd
                        + ", so records may be missing after it";
    }
}
