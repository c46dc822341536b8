package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalReader;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.repair.LogRepair.Cause;
import io.veloz.wal.archive.internal.repair.LogRepair.Repaired;
import io.veloz.wal.archive.internal.restore.NewFile;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Stages a sealed segment of which the archive has tails only, as the last one of a log that was closed after its last shipper.
 * The tails are its beginning, and the local bytes after them stay, with the footer. So nothing is assumed about its end: the
 * footer, or the first batch of the next segment, states the position and the checksum of the last batch, and that covers the
 * batches before. A footer that is damaged too is left to the next open, which rebuilds it. Confined to one thread.
 */
final class TailsRepair {
    private static final int HEADER_BYTES = 4096;

    private final ArchivedParts archive;
    private final LocalSegments local;
    private final LogFiles files;
    private final LogFiles staged;
    private final String name;
    private final long number;
    private final List<TailSlot> tails;

    TailsRepair(ArchivedParts archive, LocalSegments local, LogFiles files, LogFiles staged, long number) {
        this.archive = archive;
        this.local = local;
        this.files = files;
        this.staged = staged;
        this.name = files.sealedName(number);
        this.number = number;
        this.tails = archive.tails(number);
    }

    String file() {
        return name;
    }

    long firstSequence() {
        return tails.get(0).tail().firstSequence();
    }

    long lastSequence() {
        return tails.get(tails.size() - 1).tail().lastSequence();
    }

    private long end() {
        return tails.get(tails.size() - 1).tail().endPosition();
    }

    /** Returns whether the log lacks the segment, or has it with damage. Without files after it, it may be the active one. */
    boolean isNeeded() {
        boolean isActive = local.active().map(local::activeNumber).orElse(Long.MAX_VALUE) <= number;
        if (isActive || lastSequence() + 1 < local.report().expectedFirstSequence()) {
            return false;
        }
        return local.has(name) ? local.of(name).filter(found -> !found.isGood()).isPresent() : number < local.last();
    }

    /**
     * Stages the file.
     *
     * @return empty if the local file has the bytes of the tails already, so that its damage is after them
     * @throws io.veloz.wal.archive.internal.format.BadObjectException if a tail is damaged or missing
     */
    Optional<Repaired> stage() throws IOException {
        try (NewFile to = new NewFile(staged.storage(), name)) {
            archive.fetch(tails, to);
            if (local.has(name)) {
                try (StorageFile mine = files.storage().openForReading(name)) {
                    if (hasBytesOfTails(mine)) {
                        return Optional.empty();
                    }
                    to.copy(mine, end());
                }
            }
            to.finish();
        }
        Cause cause = local.has(name) ? Cause.DAMAGED : Cause.MISSING;
        return Optional.of(new Repaired(name, firstSequence(), lastSequence(), cause, ""));
    }

    private boolean hasBytesOfTails(StorageFile mine) throws IOException {
        try (StorageFile archived = staged.storage().openForReading(name)) {
            return FileBytes.sha256(mine, 0, end()).equals(FileBytes.sha256(archived, 0, end()));
        }
    }

    /**
     * Returns whether the log shows that all of the staged file is its own: by the footer, or else by the first batch of the next
     * segment, or by local batches after the tails.
     *
     * @param then the log with the staged file
     */
    boolean isProven(LocalSegments then) {
        Optional<SegmentReport> found = then.of(name);
        if (found.isEmpty() || found.get().verdict() != Verdict.UNSEALED) {
            return found.filter(SegmentReport::isGood).isPresent();
        }
        // A trace of a footer is enough for local bytes only.
        return found.get().dataBytes() > end()
                || then.report().segments().stream()
                        .anyMatch(next -> next.number() == number + 1
                                && next.isGood()
                                && next.verdict() != Verdict.PREPARED
                                && next.verdict() != Verdict.TORN_TAIL);
    }

    /**
     * Returns whether a segment that is damaged after the tails is known to begin with them: a local batch follows them, and
     * names the checksum of their last batch.
     *
     * @param then the log with the staged file
     */
    boolean isProvenBeginning(LocalSegments then) {
        return then.report().lost().stream().anyMatch(range -> range.file().equals(name) && range.position() > end());
    }

    /**
     * Returns the records of the segment that a salvage of a log does not return.
     *
     * @param verified that log
     */
    List<LostRange> lost(ReadOptions log, LocalSegments verified) {
        // From the record before, or a segment that is missing as a whole would not be noticed.
        long before = firstSequence() - 1;
        ReadOptions from =
                before > local.report().expectedFirstSequence() ? log.salvage().fromSequence(before) : log.salvage();
        long last = verified.report().lost().stream()
                .filter(range -> range.file().equals(name))
                .mapToLong(LostRange::lastSequence)
                .max()
                .orElse(-1);
        try (WalReader reader = WalReader.open(from)) {
            while (reader.next()) {}
            return reader.lost().stream()
                    .filter(range -> range.file().equals(name) || isMissingEnd(range, last))
                    .map(range -> range.file().equals(name) ? range : ofThis(range))
                    .toList();
        }
    }

    /** Returns whether a salvage has noticed at the beginning of the next segment that records of this one are missing. */
    private boolean isMissingEnd(LostRange range, long last) {
        return range.position() == HEADER_BYTES
                && range.firstSequence() >= firstSequence()
                && range.lastSequence() == last;
    }

    private LostRange ofThis(LostRange range) {
        return new LostRange(range.firstSequence(), range.lastSequence(), name, -1, range.reason());
    }

    /** Returns what is damaged still, and how much the tails contain. */
    String describe(List<LostRange> lost, String why) {
        StringBuilder text = new StringBuilder();
        lost.forEach(range -> text.append(range).append("; "));
        return text + why + "; the archive has it in tails only, up to record " + lastSequence() + " at " + end();
    }
}
