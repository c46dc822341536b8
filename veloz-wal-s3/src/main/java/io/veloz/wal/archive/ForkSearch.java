package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveDivergence.Relation;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.repair.SameRecords;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * Finds the first record that differs in a log and its archive. Each footer contains the digest of the footer before, so equal
 * segments are a prefix, which is found by bisection. After it records decide, not bytes: two directories that end the same
 * segment have other heartbeats and footers. For one run, confined to one thread.
 */
final class ForkSearch {
    private static final int BUFFER_BYTES = 256 * 1024;

    private final ObjectStore store;
    private final LogFiles log;
    private final Proof proof;
    private final Floor floor;
    private final Retries retries;
    private final DataKeys keys;

    ForkSearch(ObjectStore store, LogFiles log, Proof proof, Retries retries) throws IOException {
        this.store = store;
        this.log = log;
        this.retries = retries;
        this.keys = new DataKeys(store.encryptionKeys());
        this.floor =
                new CareChain(store, retries, proof.identity()).tip().state().floor();
        this.proof = proof.from(floor.cut());
    }

    long archivedSequence() {
        return proof.archived().sequence();
    }

    String logId() {
        return proof.identity().logId();
    }

    ArchiveDivergence run(RecoveryReport local) throws IOException {
        long archived = archivedSequence();
        long last = local.lastSequence();
        long begin = proof.identity().firstSequence();
        if (last > 0 && last < begin && floor.isRaised()) {
            throw new WalRestoreException(
                    Reason.RETIRED,
                    store.describe() + ": the records before " + begin + " were retired by care record "
                            + floor.record() + ", and " + log.storage().describe() + " ends with record " + last
                            + ": they cannot be compared",
                    null);
        }
        long first = Math.max(begin, local.expectedFirstSequence());
        long end = Math.min(last, archived);
        if (first > end) {
            return result(-1, last, 0, false);
        }
        List<Segment> common = common(local);
        int equal = equalSegments(common);
        boolean otherFiles = equal < common.size() || hasOtherTails(local);
        long from = equal == 0 ? first : Math.max(first, common.get(equal - 1).lastSequence() + 1);
        long fork = from > end ? -1 : firstDifference(from, end);
        return result(fork, last, first, otherFiles);
    }

    private ArchiveDivergence result(long fork, long last, long first, boolean otherFiles) {
        long archived = archivedSequence();
        Relation relation;
        if (fork >= 0) {
            relation = Relation.FORK;
        } else if (last != archived) {
            relation = last < archived ? Relation.BEHIND : Relation.AHEAD;
        } else {
            relation = otherFiles ? Relation.SAME_RECORDS : Relation.SAME;
        }
        return new ArchiveDivergence(relation, fork, last, archived, first, otherFiles);
    }

    /** Returns the archived segments that the log has as sealed files. */
    private List<Segment> common(RecoveryReport local) throws IOException {
        Set<Long> sealed = Set.copyOf(log.sealed());
        return proof.segments().stream()
                .filter(segment ->
                        sealed.contains(segment.number()) && segment.lastSequence() >= local.expectedFirstSequence())
                .toList();
    }

    /** Returns how many segments are equal, from the first one on. */
    private int equalSegments(List<Segment> segments) throws IOException {
        int low = 0;
        int high = segments.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            Segment segment = segments.get(middle);
            ContentDigest digest = keys.digest(segment.stored().encryption(), segment.key());
            if (digest(log.sealedName(segment.number()), 0, Long.MAX_VALUE, digest)
                    .equals(segment.fileSha256())) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private boolean hasOtherTails(RecoveryReport local) throws IOException {
        for (TailSlot slot : proof.tails()) {
            Tail tail = slot.tail();
            for (SegmentReport segment : local.segments()) {
                boolean contains = segment.number() == tail.segment()
                        && segment.isGood()
                        && segment.lastSequence() >= tail.lastSequence();
                if (contains
                        && !digest(segment.file(), tail.position(), tail.endPosition(), digest(slot))
                                .equals(tail.sha256())) {
                    return true;
                }
            }
        }
        return false;
    }

    private ContentDigest digest(TailSlot slot) throws IOException {
        return keys.digest(slot.tail().encryption(), ArchiveKeys.slot(slot.slot()));
    }

    private String digest(String file, long from, long to, ContentDigest digest) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        // Not the bytes on disk: the end marks in the header page of an active segment change.
        try (StorageFile in = log.openSegment(file)) {
            long end = Math.min(to, in.size());
            for (long position = from; position < end; position += buffer.limit()) {
                buffer.clear().limit((int) Math.min(BUFFER_BYTES, end - position));
                if (in.readFully(buffer, position) == 0) {
                    break;
                }
                digest.update(buffer.flip());
            }
        }
        return digest.hex();
    }

    /** Returns the first record of a range that differs; -1 if none does. Records that one of the two has lost are skipped. */
    private long firstDifference(long from, long to) {
        ReadOptions mine = ReadOptions.of(log.storage()).prefix(log.prefix());
        try (ArchiveReader archive = ArchiveReader.open(store, ArchiveReadOptions.defaults(), retries);
                WalReader local = WalReader.open(mine.fromSequence(from).untilSequence(to));
                WalReader archived =
                        WalReader.open(archive.options().fromSequence(from).untilSequence(to))) {
            boolean more = local.next();
            while (more && archived.next()) {
                while (more && local.sequence() < archived.sequence()) {
                    more = local.next();
                }
                if (more && local.sequence() == archived.sequence() && !SameRecords.isSame(local, archived)) {
                    return local.sequence();
                }
            }
            return -1;
        }
    }
}
