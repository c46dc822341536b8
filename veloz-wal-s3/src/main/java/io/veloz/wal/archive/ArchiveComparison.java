package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The result of comparing a log in a directory with an archive. Immutable.
 *
 * @param relation how the two relate
 * @param records by how many records the log is behind or ahead of the archive; otherwise 0
 * @param localSequence the last record of the log; 0 if it has no record
 * @param archivedSequence the last record of the archive; 0 if it has no record
 * @param divergedFrom the record from which on the two may differ; -1 unless the relation is {@link Relation#DIVERGED}
 */
public record ArchiveComparison(
        Relation relation, long records, long localSequence, long archivedSequence, long divergedFrom) {

    /** How a log and an archive relate. */
    public enum Relation {
        /** Both contain the same records. */
        EQUAL,
        /** The log ends before the archive. Restore with merge before opening the log. */
        BEHIND,
        /** The log contains records that are not archived yet. Ship them. */
        AHEAD,
        /** Log and archive contain different records with the same sequences. An operator has to decide which are valid. */
        DIVERGED,
        /** They belong to different logs. The directory or the URI is wrong. */
        OTHER_LOG,
        /** The directory does not contain a log. */
        NO_LOG
    }

    private static final int BUFFER_BYTES = 64 * 1024;

    /**
     * Verifies the chain of the archive, and compares it with a log at the end of the shorter one. Reads one segment or tail of
     * each. Modifies neither, and may run while another process writes the log.
     *
     * @throws WalRestoreException if the archive is damaged or cannot be read, or if only retired records of it could decide; see the
     *     reason
     */
    public static ArchiveComparison of(ObjectStore store, LogFiles log) {
        ArchiveVerifier verifier = new ArchiveVerifier(store);
        return verifier.run(() -> compare(store, log, verifier.proof(), Retries.withBackoff()));
    }

    private static ArchiveComparison compare(ObjectStore store, LogFiles log, Proof proof, Retries retries)
            throws IOException {
        long archived = proof.archived().sequence();
        String logId = log.logId().orElse("");
        if (logId.isEmpty()) {
            return new ArchiveComparison(Relation.NO_LOG, 0, 0, archived, -1);
        }
        ReadOptions options = ReadOptions.of(log.storage()).prefix(log.prefix());
        RecoveryReport local = WalRecovery.inspect(options);
        long last = local.lastSequence();
        if (!logId.equals(proof.identity().logId())) {
            return new ArchiveComparison(Relation.OTHER_LOG, 0, last, archived, -1);
        }
        long diverged = divergedFrom(store, log, local, proof, retries);
        if (diverged >= 0) {
            return new ArchiveComparison(Relation.DIVERGED, 0, last, archived, diverged);
        }
        Relation relation = last < archived ? Relation.BEHIND : last > archived ? Relation.AHEAD : Relation.EQUAL;
        return new ArchiveComparison(relation, Math.abs(last - archived), last, archived, -1);
    }

    /** Compares the last segment or tail of the archive that the log contains in full. Returns -1 if they are equal. */
    private static long divergedFrom(
            ObjectStore store, LogFiles log, RecoveryReport local, Proof proof, Retries retries) throws IOException {
        DataKeys keys = new DataKeys(store.encryptionKeys());
        long last = local.lastSequence();
        @Nullable Tail tail = null;
        for (TailSlot each : proof.tails()) {
            tail = each.tail().lastSequence() <= last ? each.tail() : tail;
        }
        @Nullable Segment segment = null;
        for (Segment each : proof.segments()) {
            segment = each.lastSequence() <= last ? each : segment;
        }
        if (tail != null && (segment == null || tail.segment() > segment.number())) {
            String file = file(local, tail.segment());
            boolean same = file.isEmpty()
                    || digest(log, file, tail.position(), tail.endPosition(), keys.digest(tail.encryption(), file))
                            .equals(tail.sha256());
            return same ? -1 : tail.firstSequence();
        }
        if (segment == null || file(local, segment.number()).isEmpty()) {
            return -1;
        }
        String file = file(local, segment.number());
        // Two copies of a log may have sealed the same segment with
        // different heartbeats and footers. Then records decide.
        ContentDigest digest = keys.digest(segment.stored().encryption(), segment.key());
        return digest(log, file, 0, Long.MAX_VALUE, digest).equals(segment.fileSha256())
                ? -1
                : differingRecord(store, log, segment, proof, retries);
    }

    private static String file(RecoveryReport local, long number) {
        return local.segments().stream()
                .filter(segment -> segment.number() == number && segment.isGood())
                .map(SegmentReport::file)
                .findFirst()
                .orElse("");
    }

    private static String digest(LogFiles log, String file, long from, long to, ContentDigest digest)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        // Not the bytes on disk: the end marks in the header page of an active segment change.
        try (StorageFile in = log.openSegment(file)) {
            long end = Math.min(to, in.size());
            for (long position = from; position < end; position += buffer.limit()) {
                buffer.clear().limit((int) Math.min(BUFFER_BYTES, end - position));
                in.readFully(buffer, position);
                digest.update(buffer.flip());
            }
        }
        return digest.hex();
    }

    private static long differingRecord(ObjectStore store, LogFiles log, Segment segment, Proof proof, Retries retries)
            throws IOException {
        Path scratch = Files.createTempDirectory("veloz-wal-compare-");
        try {
            LogFiles archived = LogFiles.of(DiskStorage.open(scratch), log.prefix());
            try (ScratchFile sink = new ScratchFile(archived.storage(), archived.sealedName(segment.number()))) {
                new ObjectFiles(store, retries, Long.MAX_VALUE).read(segment.stored(), sink);
            } catch (BadObjectException e) {
                requireNotRetired(store, log, segment, proof, retries, e);
                throw e;
            }
            archived.complete(proof.identity().logId(), segment.number(), segment.firstSequence());
            return differingRecord(log, archived, segment);
        } finally {
            ArchiveVerifier.delete(scratch);
        }
    }

    /** Refuses the comparison if a missing object is below the floor, which may have been raised since the proof. */
    private static void requireNotRetired(
            ObjectStore store, LogFiles log, Segment segment, Proof proof, Retries retries, BadObjectException cause)
            throws IOException {
        Floor floor = new CareChain(store, retries, proof.identity())
                .lastReadable(finding -> {})
                .state()
                .floor();
        if (floor.cut().isAbove(segment.key())) {
            throw new WalRestoreException(
                    Reason.RETIRED,
                    segment.key(),
                    segment.firstSequence(),
                    segment.lastSequence(),
                    store.describe() + ": the records before " + floor.cut().sequence()
                            + " were retired by care record " + floor.record() + ", and "
                            + log.storage().describe() + " has records " + segment.firstSequence() + " to "
                            + segment.lastSequence() + " in another file: they cannot be compared",
                    cause);
        }
    }

    private static long differingRecord(LogFiles one, LogFiles other, Segment segment) {
        try (WalReader mine = WalReader.open(options(one, segment));
                WalReader theirs = WalReader.open(options(other, segment))) {
            long at = segment.firstSequence();
            while (theirs.next()) {
                at = theirs.sequence();
                boolean same = mine.next()
                        && mine.sequence() == at
                        && mine.type() == theirs.type()
                        && mine.timestampNanos() == theirs.timestampNanos()
                        && mine.groupContinues() == theirs.groupContinues()
                        && mine.payload().equals(theirs.payload());
                if (!same) {
                    return at;
                }
            }
            return -1;
        }
    }

    private static ReadOptions options(LogFiles files, Segment segment) {
        return ReadOptions.of(files.storage())
                .prefix(files.prefix())
                .fromSequence(segment.firstSequence())
                .untilSequence(segment.lastSequence());
    }
}
