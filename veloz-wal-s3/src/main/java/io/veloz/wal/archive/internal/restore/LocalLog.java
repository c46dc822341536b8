package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LogFiles;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.restore.ObjectFiles.Expected;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The log that is in the target already, held against the archive. Changes nothing. It belongs to one thread. */
final class LocalLog {
    private final Storage storage;
    private final Proof proof;
    private final ObjectFiles objects;
    private final RecoveryReport report;

    /** How the log stands to the archive. */
    enum Relation {
        /** It has all that the archive has, and perhaps more. */
        COMPLETE,
        /** It is sound, and ends before the archive does. */
        BEHIND,
        /** Something in it is damaged or missing. */
        DAMAGED
    }

    private LocalLog(Storage storage, Proof proof, ObjectFiles objects, RecoveryReport report) {
        this.storage = storage;
        this.proof = proof;
        this.objects = objects;
        this.report = report;
    }

    /** Reads and checks all of it. */
    static LocalLog look(Storage storage, Proof proof, ObjectFiles objects, WalProgress progress) throws IOException {
        String prefix = proof.identity().prefix();
        LogFiles files = LogFiles.of(storage, prefix);
        if (files.isLocked()) {
            throw new WalLockedException(storage.describe(), "some process; stop it before you restore");
        }
        Optional<String> id = files.logId();
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
        RecoveryReport report = WalRecovery.verify(ReadOptions.of(storage).prefix(prefix), progress);
        return new LocalLog(storage, proof, objects, report);
    }

    RecoveryReport report() {
        return report;
    }

    /**
     * Holds every segment against the archive.
     *
     * @throws WalRestoreException if there are whole segments with other records than the archive's
     */
    Relation relation() throws IOException {
        boolean behind = false;
        for (Segment segment : proof.segments()) {
            Optional<SegmentReport> local = local(segment.number());
            if (local.isEmpty()) {
                behind |= segment.lastSequence() > report.lastSequence();
            } else if (local.get().isGood()) {
                behind |= !agrees(segment, local.get());
            }
        }
        for (TailSlot slot : proof.tails()) {
            Optional<SegmentReport> local = local(slot.tail().segment());
            if (local.isEmpty()) {
                behind |= slot.tail().lastSequence() > report.lastSequence();
            } else if (local.get().isGood()) {
                behind |= !agrees(slot.tail(), local.get());
            }
        }
        if (!report.isSound()) {
            return Relation.DAMAGED;
        }
        return behind ? Relation.BEHIND : Relation.COMPLETE;
    }

    private Optional<SegmentReport> local(long number) {
        return report.segments().stream()
                .filter(segment -> segment.number() == number && segment.records() > 0)
                .findFirst();
    }

    /** Whether the log has all of an archived segment; false if it ends before. */
    private boolean agrees(Segment segment, SegmentReport local) throws IOException {
        try (StorageFile file = LogFiles.of(storage, proof.identity().prefix()).openSegment(local.file())) {
            boolean same = file.size() == segment.fileBytes()
                    && LocalBytes.digest(file, 0, segment.fileBytes()).equals(segment.fileSha256());
            if (same) {
                return true;
            }
            long common = Math.min(local.dataBytes(), segment.dataBytes());
            Difference difference = new Difference(file, common);
            objects.read(
                    new Expected(
                            segment.key(),
                            segment.objectBytes(),
                            segment.objectSha256(),
                            segment.fileBytes(),
                            segment.fileSha256()),
                    difference);
            if (difference.found || (goesOnBehind(local) && local.lastSequence() != segment.lastSequence())) {
                throw diverged(local, segment.firstSequence());
            }
            if (local.lastSequence() > segment.lastSequence()
                    && segment.lastSequence() < proof.archived().sequence()) {
                throw diverged(local, segment.lastSequence() + 1);
            }
            return local.lastSequence() >= segment.lastSequence();
        }
    }

    private boolean agrees(Tail tail, SegmentReport local) throws IOException {
        boolean whole = local.dataBytes() >= tail.endPosition();
        if (!whole) {
            if (goesOnBehind(local)) {
                throw diverged(local, tail.firstSequence());
            }
            return false;
        }
        try (StorageFile file = LogFiles.of(storage, proof.identity().prefix()).openSegment(local.file())) {
            if (!LocalBytes.digest(file, tail.position(), tail.endPosition()).equals(tail.sha256())) {
                throw diverged(local, tail.firstSequence());
            }
        }
        return true;
    }

    private boolean goesOnBehind(SegmentReport local) {
        return report.lastSequence() > local.lastSequence();
    }

    private WalRestoreException diverged(SegmentReport local, long sequence) {
        return new WalRestoreException(
                Reason.DIVERGED,
                null,
                sequence,
                -1,
                storage.describe() + "/" + local.file() + " and the archive have different records from " + sequence
                        + " on; restore into another directory, and decide which of the two are true",
                null);
    }

    /** The files that extend the archive, or replace its last, unsealed segment; none if there are no good ones. */
    List<SegmentReport> tail() throws IOException {
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

    /** Holds a file that comes against one that is there. */
    private static final class Difference implements ObjectFiles.Sink {
        private final StorageFile file;
        private final long end;
        private long position;
        boolean found;

        Difference(StorageFile file, long end) {
            this.file = file;
            this.end = end;
        }

        @Override
        public void restart() {
            position = 0;
            found = false;
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            int count = (int) Math.max(0, Math.min(length, end - position));
            byte[] mine = new byte[count];
            int got = file.readFully(ByteBuffer.wrap(mine), position);
            found |= got < count || !Arrays.equals(mine, 0, count, bytes, 0, count);
            position += length;
        }
    }
}
