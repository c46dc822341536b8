package io.veloz.wal.backup;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupRefusedException.Reason;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.store.Digests;
import io.veloz.wal.backup.internal.store.StoredChunks;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Puts a recovery point after those of other jobs, when the log is archived up to each attachment that the point names, its
 * own ones and those that it carries over. It belongs to one thread.
 */
final class PointWriter {
    private static final Duration ARCHIVE_POLL = Duration.ofMillis(500);
    private static final int PUT_ATTEMPTS = 20;

    private final ObjectStore store;
    private final Duration patience;
    private final BackupProgress progress;
    private final Clock clock;
    private final PointChain chain;
    private final StoredChunks chunks;
    private final List<String> findings = new ArrayList<>();

    PointWriter(ObjectStore store, Duration patience, BackupProgress progress, Clock clock) {
        this.store = store;
        this.patience = patience;
        this.progress = progress;
        this.clock = clock;
        this.chain = new PointChain(store);
        this.chunks = new StoredChunks(store);
    }

    // ---- read

    ArchiveStatus archive() {
        try {
            return ArchiveStatus.of(store);
        } catch (WalRestoreException e) {
            throw new BackupRefusedException(
                    Reason.ARCHIVE_UNUSABLE, "the log's archive cannot be read: " + e.getMessage(), e);
        }
    }

    Optional<PointChain.Stored> newest(String logId) throws IOException {
        try {
            Optional<PointChain.Stored> newest = chain.read(chain.newest());
            if (newest.isPresent() && !newest.get().point().logId().equals(logId)) {
                throw new BadPointException(store.describe() + ": the newest recovery point is of log "
                        + newest.get().point().logId() + "; the archive is of " + logId);
            }
            return newest;
        } catch (BadPointException e) {
            throw new BackupRefusedException(Reason.ARCHIVE_UNUSABLE, String.valueOf(e.getMessage()), e);
        }
    }

    /** Returns the first chunk that the store does not have as the attachment names it. */
    Optional<String> problem(Attachment attachment) throws IOException {
        return chunks.problem(attachment);
    }

    /** Returns what a person should correct: attachments that could not be carried over. */
    List<String> findings() {
        return List.copyOf(findings);
    }

    // ---- put

    /**
     * Puts the next point.
     *
     * @param begun the newest point when this job began to read its sources
     * @param stored the attachments of this job
     */
    RecoveryPoint put(String logId, Optional<RecoveryPoint> begun, Map<Kind, Attachment> stored) throws IOException {
        for (int attempt = 0; attempt < PUT_ATTEMPTS; attempt++) {
            findings.clear();
            Optional<PointChain.Stored> newest = newest(logId);
            List<Attachment> all = merge(begun, newest.map(PointChain.Stored::point), stored);
            // For each attempt: what is carried over may need more of the log than this job's own attachments.
            RecoveryPoint.Tip tip = awaitArchived(logId, newest.map(PointChain.Stored::point), upTo(all));
            refuseOld(stored);
            RecoveryPoint point = RecoveryPoint.of(
                    newest.map(before -> before.point().number()).orElse(0L) + 1,
                    logId,
                    newest.map(PointChain.Stored::sha256).orElse(PointChain.NO_POINT),
                    clock.instant().truncatedTo(ChronoUnit.MILLIS),
                    Backup.host(),
                    tip,
                    all);
            if (chain.put(point)) {
                return point;
            }
            // Another job took the number: its attachments are carried over.
        }
        throw new IOException(
                store.describe() + ": " + PUT_ATTEMPTS + " recovery points were put by other jobs meanwhile");
    }

    private static long upTo(List<Attachment> attachments) {
        return attachments.stream()
                .mapToLong(attachment -> attachment.bracket().upTo())
                .max()
                .orElse(0);
    }

    /**
     * Adds the attachments of the newest point that are of other kinds, and those that another job took later and put while
     * this one ran; not those that the store has lost.
     */
    private List<Attachment> merge(
            Optional<RecoveryPoint> begun, Optional<RecoveryPoint> newest, Map<Kind, Attachment> stored)
            throws IOException {
        Map<Kind, Attachment> all = new EnumMap<>(stored);
        for (Attachment theirs : newest.map(RecoveryPoint::attachments).orElse(List.of())) {
            Attachment ours = stored.get(theirs.kind());
            if (ours != null && !(isNewSince(begun, theirs) && theirs.taken().isAfter(ours.taken()))) {
                continue;
            }
            Optional<String> problem = problem(theirs);
            if (problem.isEmpty()) {
                all.put(theirs.kind(), theirs);
            } else if (ours == null) {
                findings.add("the " + theirs.kind().label() + " of recovery point "
                        + newest.orElseThrow().number() + " is not whole (" + problem.get()
                        + "), so the new point does not have it: back up this kind");
            }
        }
        return List.copyOf(all.values());
    }

    /**
     * Times alone do not decide: an attachment of a clock that was ahead would win against all later ones, and no point would
     * name them.
     */
    private static boolean isNewSince(Optional<RecoveryPoint> begun, Attachment theirs) {
        return begun.flatMap(point -> point.attachment(theirs.kind()))
                .filter(before -> before.id().equals(theirs.id()))
                .isEmpty();
    }

    /** Retention may have deleted chunks that no point has named for a long time; see {@link Retention}. */
    private void refuseOld(Map<Kind, Attachment> stored) throws IOException {
        for (Attachment attachment : stored.values()) {
            Duration age = Duration.between(attachment.taken(), clock.instant());
            if (age.compareTo(Retention.LONGEST_BACKUP) >= 0) {
                throw new IOException(
                        store.describe() + ": the " + attachment.kind().label() + " was read at "
                                + attachment.taken() + ", " + age.toHours() + " hours ago; expected less than "
                                + Retention.LONGEST_BACKUP.toHours()
                                + ": retention may have deleted it. Make the backup again");
            }
        }
    }

    // ---- the log's archive

    /** The log is archived by its own shipper; this only waits for it. */
    private RecoveryPoint.Tip awaitArchived(String logId, Optional<RecoveryPoint> newest, long upTo)
            throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            ArchiveStatus status = archive();
            requireContinued(status, logId, newest);
            if (status.archivedSequence() >= upTo) {
                Optional<String> digest = slotDigest(status.tip());
                if (digest.isPresent()) {
                    return new RecoveryPoint.Tip(status.tip(), digest.get(), status.archivedSequence());
                }
            }
            progress.onWaitingForArchive(upTo, status.archivedSequence());
            if (System.nanoTime() - end >= 0) {
                throw new BackupRefusedException(
                        Reason.LOG_NOT_ARCHIVED,
                        store.describe() + ": the log is archived up to record " + status.archivedSequence() + " after "
                                + patience.toSeconds() + " s; the backup needs " + upTo + ". Is the shipper running?");
            }
            LockSupport.parkNanos(this, ARCHIVE_POLL.toNanos());
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("interrupted while waiting for the log's archive: no point was put");
            }
        }
    }

    /** The brackets are sequences of one log: they mean nothing in another one, or in one that has lost its end. */
    private void requireContinued(ArchiveStatus status, String logId, Optional<RecoveryPoint> newest) {
        if (!status.logId().equals(logId)) {
            throw new BackupRefusedException(
                    Reason.ARCHIVE_UNUSABLE,
                    store.describe() + ": the archive is of log " + status.logId() + "; it was of " + logId
                            + " when the backup began");
        }
        if (newest.isPresent() && status.tip() < newest.get().tip().slot()) {
            throw new BackupRefusedException(
                    Reason.ARCHIVE_UNUSABLE,
                    store.describe() + ": the archive ends at slot " + status.tip() + "; recovery point "
                            + newest.get().number() + " was made at slot "
                            + newest.get().tip().slot() + ": the archive has lost objects");
        }
    }

    /** Returns empty if the shipper has replaced the slot since the status was read. */
    private Optional<String> slotDigest(long slot) throws IOException {
        try (InputStream in = store.get(Backup.slotKey(slot))) {
            return Optional.of(Digests.of(in));
        } catch (NoSuchObjectException e) {
            return Optional.empty();
        }
    }
}
