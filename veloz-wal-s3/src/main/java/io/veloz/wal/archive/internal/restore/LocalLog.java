package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The log that is in the target already, compared with the archive. Changes nothing in it. It belongs to one thread.
 *
 * <p>Files that are identical by their digests need no more than that. Other files can hold the same records: two copies of a
 * log that went on apart differ in heartbeats and footers even if nothing was appended. So they are compared record by record,
 * and only a record that differs makes a log diverge.
 */
final class LocalLog {
    private final Storage storage;
    private final Proof proof;
    private final Staged staged;
    private final RecoveryReport report;
    private boolean otherFiles;

    /** Where files of the archive are staged; created when the first one is needed. */
    interface Staged {
        Fetch fetch() throws IOException;
    }

    /** How the log relates to the archive. */
    enum Relation {
        /** It has everything that the archive has, in the same files, and perhaps more. */
        COMPLETE,
        /** It has every record that the archive has, and perhaps more, but in other files: it cannot be shipped. */
        SAME_RECORDS,
        /** It is sound, and ends before the archive does. */
        BEHIND,
        /** Something in it is damaged or missing. */
        DAMAGED
    }

    private LocalLog(Storage storage, Proof proof, Staged staged, RecoveryReport report) {
        this.storage = storage;
        this.proof = proof;
        this.staged = staged;
        this.report = report;
    }

    /** @throws WalRestoreException if the storage holds no log, or another one */
    static void checkIdentity(Storage storage, Proof proof) throws IOException {
        String prefix = proof.identity().prefix();
        Optional<String> id = LogFiles.of(storage, prefix).logId();
        if (id.isEmpty()) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    storage.describe() + " holds files, but no segment of a log \"" + prefix
                            + "\" that can be read; move them away, or restore into another directory",
                    null);
        }
        if (!id.get().equals(proof.identity().logId())) {
            throw new WalRestoreException(
                    Reason.OTHER_LOG,
                    storage.describe() + " holds log " + id.get() + ", the archive log "
                            + proof.identity().logId() + "; restore into another directory",
                    null);
        }
    }

    /** Reads and checks all of it. */
    static LocalLog read(Storage storage, Proof proof, Staged staged, WalProgress progress) {
        ReadOptions options = ReadOptions.of(storage).prefix(proof.identity().prefix());
        return new LocalLog(storage, proof, staged, WalRecovery.verify(options, progress));
    }

    RecoveryReport report() {
        return report;
    }

    /**
     * Compares every segment with the archive.
     *
     * @throws WalRestoreException if there are records that differ from the archive's
     */
    Relation relation() throws IOException {
        boolean behind = false;
        for (Segment segment : proof.segments()) {
            behind |= segment.lastSequence() > report.lastSequence();
            compare(segment);
        }
        for (List<TailSlot> tails : Wanted.bySegment(proof.tails())) {
            behind |= tails.get(tails.size() - 1).tail().lastSequence() > report.lastSequence();
            compare(tails);
        }
        if (!report.isSound()) {
            return Relation.DAMAGED;
        }
        if (behind) {
            return Relation.BEHIND;
        }
        return otherFiles ? Relation.SAME_RECORDS : Relation.COMPLETE;
    }

    private Optional<SegmentReport> local(long number) {
        return report.segments().stream()
                .filter(segment -> segment.number() == number && segment.records() > 0 && segment.isGood())
                .findFirst();
    }

    private boolean has(long firstSequence, long lastSequence) {
        return report.firstSequence() > 0
                && report.firstSequence() <= lastSequence
                && report.lastSequence() >= firstSequence;
    }

    private void compare(Segment segment) throws IOException {
        Optional<SegmentReport> local = local(segment.number());
        if (local.isPresent() && isIdentical(segment, local.get())) {
            return;
        }
        if (has(segment.firstSequence(), segment.lastSequence())) {
            OneFile archived = staged(staged.fetch().stage(segment));
            compareRecords(archived, segment.firstSequence());
            otherFiles |= local.isEmpty() || !isTheSameUnsealed(segment, local.get(), archived);
        }
    }

    private OneFile staged(String name) throws IOException {
        return new OneFile(staged.fetch().files().storage(), name);
    }

    private boolean isIdentical(Segment segment, SegmentReport local) throws IOException {
        try (StorageFile file = storage.openForReading(local.file())) {
            return file.size() == segment.fileBytes()
                    && LocalBytes.digest(file, 0, segment.fileBytes()).equals(segment.fileSha256());
        }
    }

    /** Whether it has the bytes of the archived segment, and lacks only the footer, which the next open makes of them. */
    private boolean isTheSameUnsealed(Segment segment, SegmentReport local, OneFile archived) throws IOException {
        if (local.verdict() == Verdict.SEALED || local.dataBytes() != segment.dataBytes()) {
            return false;
        }
        try (StorageFile mine = storage.openForReading(local.file());
                StorageFile other = archived.openForReading(archived.name())) {
            return LocalBytes.digest(mine, 0, segment.dataBytes())
                    .equals(LocalBytes.digest(other, 0, segment.dataBytes()));
        }
    }

    private void compare(List<TailSlot> tails) throws IOException {
        Tail first = tails.get(0).tail();
        Tail last = tails.get(tails.size() - 1).tail();
        Optional<SegmentReport> local = local(first.segment());
        if (local.isPresent() && hasBytes(tails, local.get())) {
            return;
        }
        if (has(first.firstSequence(), last.lastSequence())) {
            compareRecords(staged(staged.fetch().stageTails(tails)), first.firstSequence());
            otherFiles = true;
        }
    }

    private boolean hasBytes(List<TailSlot> tails, SegmentReport local) throws IOException {
        try (StorageFile file = storage.openForReading(local.file())) {
            for (TailSlot slot : tails) {
                Tail tail = slot.tail();
                if (local.dataBytes() < tail.endPosition()
                        || !LocalBytes.digest(file, tail.position(), tail.endPosition())
                                .equals(tail.sha256())) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Of the records in one staged file those that this log has, too: damaged ones are not compared. */
    private void compareRecords(OneFile file, long firstSequence) {
        String prefix = proof.identity().prefix();
        ReadOptions archive = ReadOptions.of(file).prefix(prefix).acceptMissingEnds(true);
        ReadOptions mine = ReadOptions.of(storage)
                .prefix(prefix)
                .salvage()
                .fromSequence(Math.max(firstSequence, report.firstSequence()));
        try (WalReader archived = WalReader.open(archive);
                WalReader local = WalReader.open(mine)) {
            boolean more = local.next();
            while (more && archived.next()) {
                while (more && local.sequence() < archived.sequence()) {
                    more = local.next();
                }
                if (more && local.sequence() == archived.sequence() && !isSame(archived, local)) {
                    throw diverged(local.sequence());
                }
            }
        }
    }

    private static boolean isSame(WalReader one, WalReader other) {
        return one.type() == other.type()
                && one.timestampNanos() == other.timestampNanos()
                && one.groupContinues() == other.groupContinues()
                && one.payload().equals(other.payload());
    }

    private WalRestoreException diverged(long sequence) {
        return new WalRestoreException(
                Reason.DIVERGED,
                null,
                sequence,
                -1,
                storage.describe() + " and the archive have different records from " + sequence
                        + " on; restore into another directory, and decide which of the two are true",
                null);
    }

    /** The files that extend the archive, or replace its last, unsealed segment; none if there are no good ones. */
    List<SegmentReport> tail() {
        long last = proof.archived().segment();
        boolean sealed = proof.tails().stream().noneMatch(slot -> slot.tail().segment() == last);
        long from = sealed ? last + 1 : last;
        List<SegmentReport> tail = report.segments().stream()
                .filter(segment -> segment.number() >= from && segment.records() > 0)
                .toList();
        for (int i = 0; i < tail.size(); i++) {
            if (!tail.get(i).isGood() || tail.get(i).number() != from + i) {
                return List.of();
            }
        }
        boolean extendsArchive = !tail.isEmpty()
                && tail.get(tail.size() - 1).lastSequence() > proof.archived().sequence();
        if (!extendsArchive
                || (!sealed && tail.get(0).dataBytes() < proof.archived().position())) {
            return List.of();
        }
        return tail;
    }
}
