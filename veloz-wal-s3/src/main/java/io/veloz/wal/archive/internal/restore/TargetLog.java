package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The log in the target of a restore, compared with the archive. Does not change the log. It belongs to one thread.
 *
 * <p>Files are compared by their digests first. Files that differ can contain the same records: two copies of a log that are
 * opened independently differ in heartbeats and footers even if nothing was appended. Such files are compared record by
 * record, and only a different record means that the log has diverged.
 */
final class TargetLog {
    /** Large enough for any batch that the default configuration allows. */
    private static final long MIN_SEGMENT_BYTES = 4 * 1024 * 1024;

    private final Storage storage;
    private final Proof proof;
    private final Staged staged;
    private final ObjectFiles objects;
    private final RecoveryReport report;
    private boolean otherFiles;

    /** Provides the fetch that stages files of the archive. It is created when the first file is needed. */
    interface Staged {
        Fetch fetch() throws IOException;
    }

    /** The relation of the log to the archive. */
    enum Relation {
        /** It has all files of the archive, and possibly more records. */
        COMPLETE,
        /** It has all records of the archive, and possibly more, but in other files: it cannot be shipped. */
        SAME_RECORDS,
        /** It is sound, and ends before the archive. */
        BEHIND,
        /** Something in it is damaged or missing. */
        DAMAGED
    }

    private TargetLog(Storage storage, Proof proof, ObjectFiles objects, Staged staged, RecoveryReport report) {
        this.storage = storage;
        this.proof = proof;
        this.objects = objects;
        this.staged = staged;
        this.report = report;
    }

    /** @throws WalRestoreException if the storage contains no log, or another one */
    static void checkIdentity(Storage storage, Proof proof) throws IOException {
        String prefix = proof.identity().prefix();
        Optional<String> id = LogFiles.of(storage, prefix).logId();
        if (id.isEmpty()) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    storage.describe() + " contains files, but no readable segment of a log \"" + prefix
                            + "\"; move the files away, or restore into another directory",
                    null);
        }
        if (!id.get().equals(proof.identity().logId())) {
            throw new WalRestoreException(
                    Reason.OTHER_LOG,
                    storage.describe() + " contains log " + id.get() + ", the archive contains log "
                            + proof.identity().logId() + "; restore into another directory",
                    null);
        }
    }

    /** Reads and verifies the log. */
    static TargetLog read(Storage storage, Proof proof, ObjectFiles objects, Staged staged, WalProgress progress) {
        ReadOptions options = ReadOptions.of(storage).prefix(proof.identity().prefix());
        return new TargetLog(storage, proof, objects, staged, WalRecovery.verify(options, progress));
    }

    RecoveryReport report() {
        return report;
    }

    /**
     * Compares every segment with the archive.
     *
     * @throws WalRestoreException if a record differs from the archive
     */
    Relation relation() throws IOException {
        boolean behind = false;
        for (Segment segment : proof.segments()) {
            behind |= segment.lastSequence() > report.lastSequence();
            compare(segment);
        }
        for (List<TailSlot> tails : RestoreSelection.bySegment(proof.tails())) {
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

    private boolean overlaps(long firstSequence, long lastSequence) {
        return report.firstSequence() > 0
                && report.firstSequence() <= lastSequence
                && report.lastSequence() >= firstSequence;
    }

    private void compare(Segment segment) throws IOException {
        Optional<SegmentReport> local = local(segment.number());
        if (local.isPresent() && isIdentical(segment, local.get())) {
            return;
        }
        if (overlaps(segment.firstSequence(), segment.lastSequence())) {
            SingleFileStorage archived = staged(staged.fetch().stage(segment));
            compareRecords(archived, segment.firstSequence());
            otherFiles |= local.isEmpty() || !isTheSameUnsealed(segment, local.get(), archived);
        }
    }

    private SingleFileStorage staged(String name) throws IOException {
        return new SingleFileStorage(staged.fetch().files().storage(), name);
    }

    private boolean isIdentical(Segment segment, SegmentReport local) throws IOException {
        try (StorageFile file = storage.openForReading(local.file())) {
            return file.size() == segment.fileBytes()
                    && objects.fileDigest(file, segment.stored()).equals(segment.fileSha256());
        }
    }

    /** Returns whether the data is identical, and only the footer is missing, which the next open adds. */
    private boolean isTheSameUnsealed(Segment segment, SegmentReport local, SingleFileStorage archived)
            throws IOException {
        if (local.verdict() == Verdict.SEALED || local.dataBytes() != segment.dataBytes()) {
            return false;
        }
        try (StorageFile mine = storage.openForReading(local.file());
                StorageFile other = archived.openForReading(archived.name())) {
            return FileDigest.sha256(mine, 0, segment.dataBytes())
                    .equals(FileDigest.sha256(other, 0, segment.dataBytes()));
        }
    }

    private void compare(List<TailSlot> tails) throws IOException {
        Tail first = tails.get(0).tail();
        Tail last = tails.get(tails.size() - 1).tail();
        Optional<SegmentReport> local = local(first.segment());
        if (local.isPresent() && hasBytes(tails, local.get())) {
            return;
        }
        if (overlaps(first.firstSequence(), last.lastSequence())) {
            compareRecords(staged(staged.fetch().stageTails(tails)), first.firstSequence());
            otherFiles = true;
        }
    }

    private boolean hasBytes(List<TailSlot> tails, SegmentReport local) throws IOException {
        try (StorageFile file = storage.openForReading(local.file())) {
            for (TailSlot slot : tails) {
                Tail tail = slot.tail();
                if (local.dataBytes() < tail.endPosition()
                        || !FileDigest.of(file, tail.position(), tail.endPosition(), digest(slot))
                                .equals(tail.sha256())) {
                    return false;
                }
            }
        }
        return true;
    }

    private ContentDigest digest(TailSlot slot) throws IOException {
        return objects.keys().digest(slot.tail().encryption(), ArchiveKeys.slot(slot.slot()));
    }

    /** Compares the records of a staged file that are also in this log. Damaged records are skipped. */
    private void compareRecords(SingleFileStorage file, long firstSequence) {
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
                        + " on; restore into another directory, and decide which records are correct",
                null);
    }

    /** Returns the files that extend the archive, or replace its last, unsealed segment; none if they are damaged. */
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

    /**
     * Appends the records after a sequence to a copy of the archive, with their sequences, times and groups. They go into new
     * files, because the files of this log do not follow the files of the archive. Returns when the records are durable.
     */
    void appendRecordsAfter(long sequence, Path copy) {
        String prefix = proof.identity().prefix();
        long largest = report.segments().stream()
                .mapToLong(SegmentReport::fileBytes)
                .max()
                .orElse(0);
        WalConfig.Builder config = WalConfig.builder(copy).prefix(prefix).durability(Durability.LOSE_UNFORCED);
        config.segmentBytes(Math.min(config.build().segmentBytes(), Math.max(MIN_SEGMENT_BYTES, largest)));
        ReadOptions after = ReadOptions.of(storage).prefix(prefix).fromSequence(sequence + 1);
        try (WalReader reader = WalReader.open(after);
                Wal wal = Wal.open(config.build())) {
            RecordGroup group = new RecordGroup();
            while (reader.next()) {
                // A copy, because the group keeps it until the last record of the group is read.
                ByteBuffer payload = ByteBuffer.allocate(reader.payload().remaining());
                payload.put(reader.payload()).flip();
                group.add(reader.type(), reader.timestampNanos(), payload);
                if (!reader.groupContinues()) {
                    wal.append(group);
                    group = new RecordGroup();
                }
            }
            wal.sync();
        }
    }
}
