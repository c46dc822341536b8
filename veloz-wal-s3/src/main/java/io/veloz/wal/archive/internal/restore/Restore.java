package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.TargetLog.Relation;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreProgress.Stage;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One restore, from the proof of the archive to the last move into the target. It belongs to one thread. */
final class Restore {
    private static final String FILL = "they can be filled in (restore --fill, or ArchiveFill)";

    private final ShipLog log;
    private final RestoreOptions options;
    private final Directories directories;
    private final Staging staging;
    private final Publication publication;
    private final ObjectFiles objects;
    private final RestorePlanner planner;
    private final RestoreChecks checks;
    private final LostSegments lost;
    private final Map<Stage, Duration> durations = new EnumMap<>(Stage.class);
    private final List<String> notes = new ArrayList<>();

    /** The prefix of the log's file names, from the archive. */
    private String prefix = "";

    /** Where the objects begin that are not retired. */
    private Floor floor = Floor.NONE;

    /** What is restored, and what is left in the archive. */
    private @Nullable CheckpointBegin begin;

    private @Nullable Fetch fetch;
    private long stageStarted = System.nanoTime();

    Restore(ObjectStore store, RestoreOptions options, Retries retries, Directories directories) {
        this.log = new ShipLog(store);
        this.options = options;
        this.directories = directories;
        this.staging = new Staging(options.directory(), directories);
        this.publication = new Publication(staging, directories);
        this.objects = new ObjectFiles(store, retries, options.bytesPerSecond());
        this.planner = new RestorePlanner(store, log, options, retries, this::note);
        this.checks = new RestoreChecks(store, options, staging);
        this.lost = new LostSegments(store, retries);
        RestoreChecks.checkOptions(options);
    }

    RestorePlan plan() throws IOException {
        Proof proof = newest(prove());
        RestoreSelection selection = RestoreSelection.of(proof, options);
        RestorePlan plan = planner.plan(proof, selection, begin().left());
        checks.checkPoint(proof, selection, floor);
        checks.checkKeys(proof, selection, objects.keys());
        return plan;
    }

    private CheckpointBegin begin() {
        return Objects.requireNonNull(begin);
    }

    /** Returns what is restored if the newest checkpoint is whole. */
    private Proof newest(Proof whole) {
        CheckpointBegin found =
                options.beginsAtCheckpoint() ? CheckpointBegin.newest(whole) : CheckpointBegin.all(whole);
        begin = found;
        return found.proof();
    }

    /** Fetches the newest whole checkpoint into a free target. Returns what is restored with it. */
    private Proof fetchedCheckpoint(Proof whole) throws IOException {
        for (Attachment checkpoint : Checkpoints.upTo(whole, Long.MAX_VALUE)) {
            CheckpointBegin found = CheckpointBegin.at(whole, checkpoint);
            Checkpoints checkpoints = new Checkpoints(found.proof(), options, fetch(whole, null), this::note);
            // A checkpoint is recognized by the id of the log, which no segment states yet.
            complete(found.proof().identity());
            if (checkpoints.isWhole(checkpoint)) {
                fetch().keepCheckpoint();
                begin = found;
                return found.proof();
            }
        }
        note("the archive has no whole checkpoint: the whole log is restored");
        begin = CheckpointBegin.all(whole);
        return whole;
    }

    RestoreReport run() throws IOException {
        try (staging) {
            publication.finishMoves();
            for (int attempt = 1; ; attempt++) {
                try {
                    return restoreAcknowledged(prove());
                } catch (DamagedObjectException e) {
                    // A concurrent shipper commits segments and drops their tails. The next proof finds the segments.
                    boolean again = e.disappeared || isRetiredSince(e);
                    if (!again || attempt == RestorePlanner.MAX_PROOFS) {
                        throw e;
                    }
                    note(
                            e.disappeared
                                    ? "a shipper dropped tails during the restore, and the archive was proven again"
                                    : "retention retired objects during the restore, and the restore was planned again");
                } finally {
                    closeFetch();
                }
            }
        }
    }

    private Proof prove() throws IOException {
        Proof proof = planner.prove();
        prefix = proof.identity().prefix();
        CareState care = care(proof);
        floor = care.floor();
        if (floor.isRaised()) {
            note("the records before " + floor.cut().sequence() + " were retired by care record " + floor.record());
        }
        end(Stage.PROVE);
        Proof left = proof.from(floor.cut());
        lost.proven(left, care);
        return left;
    }

    private CareState care(Proof proof) throws IOException {
        CareChain care = new CareChain(log.store(), objects.retries(), proof.identity());
        return care.lastReadable(this::note).state();
    }

    /** Restores what is left if objects are damaged whose loss is acknowledged. Without them the archive has a gap. */
    private RestoreReport restoreAcknowledged(Proof whole) throws IOException {
        while (true) {
            try {
                return restore(lost.without(whole));
            } catch (DamagedObjectException e) {
                List<Segment> found = lostBy(e);
                if (found.isEmpty()) {
                    throw e;
                }
                found.forEach(segment -> noteLost(segment, e));
                closeFetch();
            }
        }
    }

    /** Returns the lost segments that a damaged or missing object shows; an empty list if its loss is not acknowledged. */
    private List<Segment> lostBy(DamagedObjectException e) throws IOException {
        List<Segment> found =
                lost.found(e, RestoreSelection.of(begin().proof(), options).segments());
        if (found.isEmpty()) {
            return found;
        }
        // After the objects: retention may have deleted them meanwhile, and what is retired is not lost.
        Floor now = currentFloor();
        found.removeIf(segment -> now.cut().isAbove(segment.key()));
        return now.cut().isAbove(e.key) ? List.of() : found;
    }

    private void noteLost(Segment segment, DamagedObjectException e) {
        lost.add(segment);
        note("records " + segment.firstSequence() + " to " + segment.lastSequence() + " are lost, as acknowledged: "
                + (segment.key().equals(e.key) ? e.getMessage() : segment.key() + " is missing"));
    }

    /** Returns whether a damaged or missing object is below a floor that was raised during the restore. */
    private boolean isRetiredSince(DamagedObjectException e) throws IOException {
        Floor now = currentFloor();
        return now.record() != floor.record() && now.cut().isAbove(e.key);
    }

    private Floor currentFloor() throws IOException {
        return new CareChain(log.store(), objects.retries(), planner.identity())
                .lastReadable(this::note)
                .state()
                .floor();
    }

    private RestoreReport restore(Proof whole) throws IOException {
        Proof proof = newest(whole);
        RestoreSelection selection = RestoreSelection.of(proof, options);
        RestorePlan plan = planner.plan(proof, selection, begin().left());
        checks.checkPoint(proof, selection, floor);
        checks.checkKeys(proof, selection, objects.keys());
        if (staging.isFree(prefix)) {
            // Before anything is created.
            checks.checkSpace(plan, null);
        }
        staging.lock(prefix);
        if (staging.isFree(prefix)) {
            return options.beginsAtCheckpoint()
                    ? restoreInto(fetchedCheckpoint(whole))
                    : restoreInto(plan, proof, selection);
        }
        if (plan.newLog() && isCopied()) {
            staging.clear();
            return reportCopy(plan, verify(staging.storage()), 0);
        }
        TargetLog.checkIdentity(staging.storage(), proof);
        checks.checkNewLog(plan);
        TargetLog local = TargetLog.read(
                staging.storage(),
                proof,
                objects,
                () -> fetch(proof, staging.storage()),
                (done, total) -> options.progress().update(Stage.COMPARE, done, total));
        Relation relation = local.relation();
        end(Stage.COMPARE);
        if (relation == Relation.COMPLETE || (relation == Relation.SAME_RECORDS && !options.merges())) {
            closeFetch();
            staging.clear();
            return reportUnchanged(plan, local, relation);
        }
        checks.checkMerge(local, relation, plan);
        checks.checkSpace(plan, local);
        fetch(proof, staging.storage()).all(selection);
        return merge(plan, proof, selection, local, relation);
    }

    private RestoreReport restoreInto(Proof proof) throws IOException {
        RestoreSelection selection = RestoreSelection.of(proof, options);
        RestorePlan plan = planner.plan(proof, selection, begin().left());
        // Again, as it may begin earlier than with the newest checkpoint.
        checks.checkPoint(proof, selection, floor);
        checks.checkSpace(plan, null);
        return restoreInto(plan, proof, selection);
    }

    /** Restores into a free target. */
    private RestoreReport restoreInto(RestorePlan plan, Proof proof, RestoreSelection selection) throws IOException {
        fetch(proof, null).all(selection);
        return plan.newLog() ? copy(plan, proof, selection) : publish(proof, selection);
    }

    // ---- fetching

    private Fetch fetch(Proof proof, @Nullable Storage source) throws IOException {
        if (fetch == null) {
            staging.claim(proof.identity().logId());
            StagedFiles files = new StagedFiles(objects, directories.open(staging.log()), prefix, source);
            fetch = new Fetch(log, objects, files, options.parallelism(), options.progress());
        }
        return fetch;
    }

    private Fetch fetch() {
        return Objects.requireNonNull(fetch);
    }

    private void closeFetch() {
        if (fetch != null) {
            fetch.close();
            fetch = null;
        }
    }

    /** Completes the log after everything is fetched. Returns the plan with the checkpoint that is whole. */
    private RestorePlan completeWithCheckpoint(Proof proof, RestoreSelection selection) throws IOException {
        Checkpoints checkpoints = checkpoints(proof);
        var unused = checkpoints.fetch(selection.lastSequence());
        complete(proof);
        return planner.plan(proof, selection, begin().left(), checkpoints.used());
    }

    private void complete(Proof proof) throws IOException {
        complete(proof.identity());
        if (!begin().left().isEmpty()) {
            files().replace(
                            files().names().fillName(),
                            begin().fill(log.store().describe()).encode());
        }
        end(Stage.FETCH);
    }

    private void complete(LogIdentity identity) throws IOException {
        files().names().complete(identity.logId(), identity.firstSegment(), identity.firstSequence());
    }

    private Checkpoints checkpoints(Proof proof) {
        return new Checkpoints(proof, options, fetch(), this::note);
    }

    private StagedFiles files() {
        return fetch().files();
    }

    // ---- outcomes

    private RestoreReport reportUnchanged(RestorePlan plan, TargetLog local, Relation relation) throws IOException {
        RecoveryReport found = local.report();
        long ahead = found.lastSequence() - plan.archivedSequence();
        note(staging.target() + " has all archived records" + (ahead > 0 ? ", and " + ahead + " more" : "")
                + "; nothing was changed");
        if (staging.files().olderSegments().isPending()) {
            note("older records are in the archive only; " + FILL);
        }
        if (relation == Relation.SAME_RECORDS) {
            note(
                    "it has the same records in other files, as after a failover and back: a shipper rejects it as diverged;"
                            + " restore with merge (--merge) to use the files of the archive and keep all records");
        }
        return report(plan, Outcome.ALREADY_THERE, found, 0, ahead, Optional.empty());
    }

    private RestoreReport publish(Proof proof, RestoreSelection selection) throws IOException {
        RestorePlan plan = completeWithCheckpoint(proof, selection);
        RecoveryReport found = verifyStaged();
        RestoreChecks.checkComplete(found, plan);
        if (plan.leftSegments() > 0) {
            note("the records " + plan.leftFirstSequence() + " to " + (plan.firstSequence() - 1)
                    + " are in the archive only; " + FILL);
        }
        publication.publish();
        return report(plan, Outcome.RESTORED, found, files().reused(), 0, Optional.empty());
    }

    private RestoreReport merge(
            RestorePlan plan, Proof proof, RestoreSelection selection, TargetLog local, Relation relation)
            throws IOException {
        long localLast = local.report().lastSequence();
        boolean sameRecords = relation == Relation.SAME_RECORDS;
        List<SegmentReport> tail = sameRecords ? List.of() : local.tail();
        if (!sameRecords && tail.isEmpty() && localLast > plan.archivedSequence()) {
            throw new WalRestoreException(
                    Reason.DIVERGED,
                    staging.target() + " has records up to " + localLast + ", the archive up to "
                            + plan.archivedSequence()
                            + ", and records between them are damaged: a merge would drop all records after the"
                            + " archive; salvage the readable records, and restore into another directory",
                    null);
        }
        RestorePlan restored = completeWithCheckpoint(proof, selection);
        for (SegmentReport segment : tail) {
            files().copyLocal(segment.file());
        }
        if (sameRecords && localLast > plan.archivedSequence()) {
            local.appendRecordsAfter(plan.archivedSequence(), staging.log());
        }
        RecoveryReport found = verifyStaged();
        if (!tail.isEmpty() && !found.isSound()) {
            throw new WalRestoreException(
                    Reason.DIVERGED,
                    staging.target() + " has records after " + plan.archivedSequence()
                            + " that do not follow the records of the archive; restore into another directory",
                    null);
        }
        RestoreChecks.checkComplete(found, plan);
        if (sameRecords && found.lastSequence() < localLast) {
            throw new IOException(
                    staging.log() + " ends with record " + found.lastSequence() + "; expected " + localLast);
        }
        Path kept = publication.replace();
        note("the files of the previous log are in " + kept);
        long ahead = Math.max(0, found.lastSequence() - plan.archivedSequence());
        return report(restored, Outcome.MERGED, found, files().reused(), ahead, Optional.of(kept));
    }

    private RestoreReport copy(RestorePlan plan, Proof proof, RestoreSelection selection) throws IOException {
        complete(proof);
        if (selection.gaps().isEmpty()) {
            RestoreChecks.checkComplete(verifyStaged(), plan);
        }
        staging.clearCopy();
        WalProgress progress = (done, total) -> options.progress().update(Stage.COPY, done, total);
        Checkpoints checkpoints = checkpoints(proof);
        RecoveryReport found = new PointInTimeCopy(checkpoints, staging, prefix, options, progress).make();
        end(Stage.COPY);
        publication.publishCopy(found.logId(), point());
        RestorePlan copied = planner.plan(proof, selection, begin().left(), checkpoints.used());
        return reportCopy(copied, found, files().reused());
    }

    private RestoreReport reportCopy(RestorePlan plan, RecoveryReport found, int reused) throws IOException {
        note("this is a new log, " + found.logId() + ": it cannot be shipped into the archive of log " + plan.logId());
        return report(plan, Outcome.COPIED, found, reused, 0, Optional.empty());
    }

    private boolean isCopied() throws IOException {
        Optional<String> id = LogFiles.of(staging.storage(), prefix).logId();
        return id.isPresent() && staging.isCopied(id.get(), point());
    }

    /** Returns the requested point, as it is stored in the staging directory. */
    private String point() {
        return options.untilSequence() + " " + options.untilTimeNanos();
    }

    private RecoveryReport verify(Storage storage) {
        RecoveryReport found = WalRecovery.verify(
                ReadOptions.of(storage).prefix(prefix),
                (done, total) -> options.progress().update(Stage.CHECK, done, total));
        end(Stage.CHECK);
        return found;
    }

    /** Verifies the staged log. Sealed segments whose records were read when they were fetched are not read again. */
    private RecoveryReport verifyStaged() throws IOException {
        if (!fetch().checks().areAllSound()) {
            return verify(files().storage());
        }
        RecoveryReport found =
                WalRecovery.inspect(ReadOptions.of(files().storage()).prefix(prefix));
        long bytes =
                found.segments().stream().mapToLong(SegmentReport::fileBytes).sum();
        options.progress().update(Stage.CHECK, bytes, bytes);
        end(Stage.CHECK);
        return found;
    }

    private void note(String note) {
        if (!notes.contains(note)) {
            notes.add(note);
        }
    }

    private RestoreReport report(
            RestorePlan plan, Outcome outcome, RecoveryReport found, int reused, long ahead, Optional<Path> kept)
            throws IOException {
        staging.ownershipNote().ifPresent(this::note);
        return RestoreReport.builder(plan, staging.target(), outcome)
                .logId(found.logId())
                .firstSequence(found.firstSequence())
                .lastSequence(found.lastSequence())
                .lastTimestampNanos(lastTimestampNanos(staging.storage(), found))
                .records(found.records())
                .bytes(found.segments().stream()
                        .mapToLong(SegmentReport::fileBytes)
                        .sum())
                .fetchedBytes(objects.fetched())
                .reusedFiles(reused)
                .localAhead(ahead)
                .keptDirectory(kept)
                .lost(lost(plan, found))
                .notes(notes)
                .took(durations)
                .build();
    }

    /** Returns also the gaps after the last restored record, which a log cannot show. */
    private static List<LostRange> lost(RestorePlan plan, RecoveryReport found) {
        List<LostRange> all = new ArrayList<>(found.lost());
        plan.gaps().stream()
                .filter(gap -> gap.firstSequence() > found.lastSequence())
                .forEach(all::add);
        return all;
    }

    private long lastTimestampNanos(Storage storage, RecoveryReport found) {
        if (found.records() == 0) {
            return 0;
        }
        ReadOptions last = ReadOptions.of(storage).prefix(prefix).fromSequence(found.lastSequence());
        try (WalReader reader = WalReader.open(last)) {
            return reader.next() ? reader.timestampNanos() : 0;
        }
    }

    private void end(Stage stage) {
        long now = System.nanoTime();
        durations.merge(stage, Duration.ofNanos(now - stageStarted), Duration::plus);
        stageStarted = now;
    }
}
