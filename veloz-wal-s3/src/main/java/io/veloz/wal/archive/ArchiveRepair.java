package io.veloz.wal.archive;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.ArchiveRepairReport.Repaired;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.repair.LogRepair;
import io.veloz.wal.archive.internal.repair.ObjectRepair;
import io.veloz.wal.archive.internal.repair.UnlockedStorage;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Repairs a log from its archive, and an archive from its log. The log must be closed: both methods take its lock. Thread-safe.
 */
public final class ArchiveRepair {
    private static final DateTimeFormatter SUFFIX = DateTimeFormatter.ofPattern(
                    "'.damaged-'uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final ObjectStore store;
    private final LogFiles log;
    private final Retries retries;
    private final Clock clock;

    private ArchiveRepair(ObjectStore store, LogFiles log, Retries retries, Clock clock) {
        this.store = store;
        this.log = log;
        this.retries = retries;
        this.clock = clock;
    }

    /**
     * Replaces damaged and missing segments of a log by those of its archive, and segments that have the archived records in another
     * file. Of the active segment, and of a sealed one that the archive has in tails only, the archived beginning is replaced. The
     * previous files stay in the directory under other names. A segment that is not archived, or whose object is damaged or
     * missing, stays as it is, and is named in the report; so is one with damage after its tails, with the damaged records.
     *
     * <p>Everything is fetched and verified before the first file is renamed. Run it again after a crash.
     *
     * @throws WalLockedException if the log is open
     * @throws WalRestoreException if log and archive have different records, or the repaired log would lose one, or the slots are
     *     damaged; see the reason. Nothing was changed then
     */
    public static ArchiveRepairReport log(ObjectStore store, LogFiles log, WalProgress progress) {
        return log(store, log, progress, Retries.withBackoff(), Clock.systemUTC());
    }

    static ArchiveRepairReport log(
            ObjectStore store, LogFiles log, WalProgress progress, Retries retries, Clock clock) {
        ArchiveRepair repair = new ArchiveRepair(store, log, retries, clock);
        return repair.underLock((proof, floor, findings) -> repair.repairLog(proof, floor, findings, progress));
    }

    /**
     * Puts objects of an archive again that are missing or damaged, from the files of its log. Reads every object. A missing object is
     * created under its key if that gives the same bytes. Otherwise the segment is uploaded under another key, and stated again in
     * the chain. That acquires an epoch, as a shipper does, so the directory must have the right to ship, and a shipper that runs
     * meanwhile is fenced. If this directory may not ship, or another writer acquires a later epoch meanwhile, the segments that
     * are not stated again are untouched in the report, with the reason.
     *
     * @throws WalLockedException if the log is open
     * @throws WalRestoreException if the chain of slots or the last care record is damaged, or the store cannot be read; see the
     *     reason
     */
    public static ArchiveRepairReport archive(ObjectStore store, LogFiles log, WalProgress progress) {
        return archive(store, log, progress, Retries.withBackoff(), Clock.systemUTC());
    }

    static ArchiveRepairReport archive(
            ObjectStore store, LogFiles log, WalProgress progress, Retries retries, Clock clock) {
        ArchiveRepair repair = new ArchiveRepair(store, log, retries, clock);
        return repair.underLock((proof, floor, findings) -> {
            repair.requireReadable(findings);
            return repair.repairArchive(proof, floor, progress);
        });
    }

    private interface Task {
        /** @param findings the care records after that of the floor, which cannot be read */
        ArchiveRepairReport run(Proof proof, Floor floor, List<String> findings) throws IOException;
    }

    @SuppressWarnings("try")
    private ArchiveRepairReport underLock(Task task) {
        ArchiveVerifier verifier = new ArchiveVerifier(store, retries);
        return verifier.run(() -> {
            try (StorageLock lock = log.lock()) {
                log.checkNoRestore();
                Proof proof = verifier.proof();
                List<String> findings = new ArrayList<>();
                // After the proof: a floor that is raised meanwhile is then known.
                Floor floor = new CareChain(store, retries, proof.identity())
                        .lastReadable(findings::add)
                        .state()
                        .floor();
                return task.run(proof, floor, findings);
            }
        });
    }

    /** An object below a floor that cannot be read seems to be missing. Put again, it would be below the floor for good. */
    private void requireReadable(List<String> findings) {
        if (!findings.isEmpty()) {
            throw new WalRestoreException(
                    Reason.DAMAGED,
                    store.describe() + ": the last care record cannot be read, so it is not known which objects are"
                            + " retired: " + findings.get(0) + "; put it back, or skip it (hold --skip-damaged)",
                    null);
        }
    }

    private ArchiveRepairReport repairLog(Proof proof, Floor floor, List<String> findings, WalProgress progress)
            throws IOException {
        String suffix = SUFFIX.format(clock.instant());
        LogRepair.Result found =
                new LogRepair(log.storage(), store, retries, proof.from(floor.cut()), floor, suffix, progress).run();
        List<String> notes = new ArrayList<>(findings);
        long last = found.log().lastSequence();
        long archived = proof.archived().sequence();
        if (last < archived) {
            notes.add("the log ends with record " + last + ", the archive with record " + archived
                    + "; restore with merge to continue there");
        }
        return new ArchiveRepairReport(
                found.repaired().stream()
                        .map(file -> new Repaired(
                                file.file(),
                                file.firstSequence(),
                                file.lastSequence(),
                                Cause.valueOf(file.cause().name()),
                                file.kept()))
                        .toList(),
                found.untouched().stream()
                        .map(file -> new Problem(file.file(), file.firstSequence(), file.lastSequence(), file.reason()))
                        .toList(),
                notes);
    }

    private ArchiveRepairReport repairArchive(Proof proof, Floor floor, WalProgress progress) throws IOException {
        LogFiles files = LogFiles.of(new UnlockedStorage(log.storage()), log.prefix());
        String id = files.logId().orElse("");
        if (!id.equals(proof.identity().logId())) {
            throw new WalRestoreException(
                    Reason.OTHER_LOG,
                    log.storage().describe() + (id.isEmpty() ? " contains no log" : " contains log " + id)
                            + ", the archive contains log " + proof.identity().logId(),
                    null);
        }
        ObjectRepair.Result found = new ObjectRepair(store, files, retries, proof, floor, clock, progress).run();
        List<String> notes = new ArrayList<>(found.notes());
        if (floor.isRaised()) {
            notes.add("objects before record " + floor.cut().sequence() + " were retired by care record "
                    + floor.record() + ", and are not put again");
        }
        return new ArchiveRepairReport(
                found.repaired().stream()
                        .map(object -> new Repaired(
                                object.key(),
                                object.firstSequence(),
                                object.lastSequence(),
                                object.wasMissing() ? Cause.MISSING : Cause.DAMAGED,
                                object.replacement()))
                        .toList(),
                found.untouched().stream()
                        .map(object -> new Problem(
                                object.key(), object.firstSequence(), object.lastSequence(), object.reason()))
                        .toList(),
                notes);
    }
}
