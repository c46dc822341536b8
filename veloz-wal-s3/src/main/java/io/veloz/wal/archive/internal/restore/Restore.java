package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.LocalLog.Relation;
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

/**
 * One restore, from the proof to the last file in its place: {@link #run} is the story. It belongs to one thread.
 */
final class Restore {
    private static final long SPARE_BYTES = 1024 * 1024;

    /** A shipper that drops tails faster than they are read would have it proven for ever. */
    private static final int PROOFS = 5;

    private final ObjectStore store;
    private final ShipLog log;
    private final RestoreOptions options;
    private final Retries retries;
    private final Steps steps;
    private final Staging place;
    private final ObjectFiles objects;
    private final RestoreChecks checks;
    private final Map<Stage, Duration> took = new EnumMap<>(Stage.class);
    private final List<String> notes = new ArrayList<>();

    /** Of the log's file names, as the archive says. */
    private String prefix = "";

    private @Nullable Fetch fetch;
    private long stageStarted = System.nanoTime();

    Restore(ObjectStore store, RestoreOptions options, Retries retries, Steps steps) {
        this.store = store;
        this.log = new ShipLog(store);
        this.options = options;
        this.retries = retries;
        this.steps = steps;
        this.place = new Staging(options.directory(), steps);
        this.objects = new ObjectFiles(store, retries, options.bytesPerSecond());
        this.checks = new RestoreChecks(store, options, place);
    }

    RestorePlan plan() throws IOException {
        Proof proof = prove();
        Wanted wanted = Wanted.of(proof, options);
        RestorePlan plan = plan(proof, wanted);
        checks.point(proof, wanted);
        return plan;
    }

    RestoreReport run() throws IOException {
        try (place) {
            place.finishMoves();
            for (int attempt = 1; ; attempt++) {
                try {
                    return restore(prove());
                } catch (DamagedObjectException e) {
                    // A shipper commits segments and drops their tails meanwhile: the next proof finds the segments.
                    if (!e.vanished || attempt == PROOFS) {
                        throw e;
                    }
                    note("the archive was shipped into during the restore, and was proven again");
                } finally {
                    closeFetch();
                }
            }
        }
    }

    private RestoreReport restore(Proof proof) throws IOException {
        Wanted wanted = Wanted.of(proof, options);
        RestorePlan plan = plan(proof, wanted);
        checks.point(proof, wanted);
        if (place.isFree(prefix)) {
            // Before anything is created.
            checks.space(plan, null);
        }
        place.lock(prefix);
        if (place.isFree(prefix)) {
            fetch(proof, null).all(wanted);
            return plan.newLog() ? copied(plan, proof, wanted) : restored(plan, proof, wanted);
        }
        if (plan.newLog() && isCopied()) {
            place.clear();
            return alreadyCopied(plan);
        }
        LocalLog.checkIdentity(place.storage(), proof);
        checks.newLog(plan);
        LocalLog local = LocalLog.read(
                place.storage(),
                proof,
                () -> fetch(proof, place.storage()),
                (done, total) -> options.progress().update(Stage.COMPARE, done, total));
        Relation relation = local.relation();
        end(Stage.COMPARE);
        boolean isThere = relation == Relation.COMPLETE || (relation == Relation.SAME_RECORDS && !options.merges());
        if (isThere) {
            closeFetch();
            place.clear();
            return alreadyThere(plan, local, relation);
        }
        checks.merging(local, relation, plan);
        checks.space(plan, local);
        fetch(proof, place.storage()).all(wanted);
        return merged(plan, proof, wanted, local, relation);
    }

    // ---- the archive

    private Proof prove() throws IOException {
        LogIdentity identity = retries.call(log::identity)
                .orElseThrow(() -> new WalRestoreException(
                        Reason.NOT_AN_ARCHIVE,
                        store.describe() + " holds no archive (there is no log.json); correct the URI",
                        null));
        if (options.expectedLogId().isPresent()
                && !options.expectedLogId().get().equals(identity.logId())) {
            throw new WalRestoreException(
                    Reason.OTHER_LOG,
                    store.describe() + " is the archive of log " + identity.logId() + "; expected log "
                            + options.expectedLogId().get() + "; correct the URI",
                    null);
        }
        prefix = identity.prefix();
        Proof proof = prove(identity);
        if (proof.unusedFrom() > 0) {
            note("slot " + proof.unusedFrom() + " is damaged or missing: what comes after it was not used");
        }
        end(Stage.PROVE);
        return proof;
    }

    /** Again if a slot disappeared: beside a shipper one that was listed is dropped before it is read. */
    private Proof prove(LogIdentity identity) throws IOException {
        String vanished = "";
        for (int attempt = 1; ; attempt++) {
            Prover prover = new Prover(
                    log,
                    identity,
                    retries,
                    options.parallelism(),
                    slots -> options.progress().update(Stage.PROVE, slots, slots));
            try {
                return prover.prove(options.untilSequence());
            } catch (BrokenProofException e) {
                // The same slot twice is missing for good.
                if (e.isUnknownFormat() || e.key().equals(vanished) || attempt == PROOFS || exists(e.key())) {
                    throw e;
                }
                vanished = e.key();
            }
        }
    }

    private boolean exists(String key) throws IOException {
        return retries.call(() -> store.head(key)).isPresent();
    }

    private RestorePlan plan(Proof proof, Wanted wanted) throws IOException {
        @Nullable Slot tip = proof.tip();
        boolean newLog = options.isUpToAPoint() || !wanted.gaps().isEmpty();
        long fileBytes = wanted.segmentBytes() + wanted.tailBytes();
        Optional<Attachment> checkpoint =
                Checkpoints.upTo(proof, wanted.lastSequence()).stream().findFirst();
        long files = fileBytes + checkpoint.map(Attachment::fileBytes).orElse(0L);
        List<String> strays = new ArrayList<>();
        proof.strays().forEach(number -> strays.add("slot " + number));
        if (proof.strayCount() > strays.size()) {
            strays.add("and " + (proof.strayCount() - strays.size()) + " more");
        }
        return RestorePlan.builder(store.describe(), proof.identity().logId())
                .firstSequence(proof.identity().firstSequence())
                .lastSequence(wanted.lastSequence())
                .archivedSequence(proof.archived().sequence())
                .epoch(tip == null ? 0 : tip.epoch())
                .writerHost(tip == null ? "" : tip.host())
                .lastWritten(tip == null ? proof.identity().created() : tip.written())
                .slots(proof.slots())
                .segments(wanted.segments().size())
                .tails(wanted.tails().size())
                .checkpointSequence(checkpoint.map(Attachment::sequence).orElse(0L))
                .objectBytes(wanted.segments().stream()
                                .mapToLong(Segment::objectBytes)
                                .sum()
                        + checkpoint.map(Attachment::objectBytes).orElse(0L))
                .fileBytes(fileBytes)
                .neededBytes((newLog ? 2 : 1) * files + SPARE_BYTES)
                .newLog(newLog)
                .gaps(wanted.gaps())
                .strays(strays)
                .build();
    }

    // ---- the target

    private Fetch fetch(Proof proof, @Nullable Storage source) throws IOException {
        if (fetch == null) {
            place.claim(proof.identity().logId());
            fetch = new Fetch(
                    log, objects, steps.open(place.log()), prefix, source, options.parallelism(), options.progress());
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

    /** Everything is fetched: makes a log of it. */
    private void complete(Proof proof, Wanted wanted, boolean withCheckpoint) throws IOException {
        if (withCheckpoint) {
            checkpoints(proof).fetch(wanted.lastSequence());
        }
        LogIdentity identity = proof.identity();
        fetch().files().complete(identity.logId(), identity.firstSegment(), identity.firstSequence());
        end(Stage.FETCH);
    }

    private Checkpoints checkpoints(Proof proof) {
        return new Checkpoints(proof, options, fetch(), this::note);
    }

    // ---- the ends

    private RestoreReport alreadyThere(RestorePlan plan, LocalLog local, Relation relation) throws IOException {
        RecoveryReport found = local.report();
        long ahead = found.lastSequence() - plan.archivedSequence();
        note(place.target() + " has all of it" + (ahead > 0 ? ", and " + ahead + " more records" : "")
                + "; nothing was changed");
        if (relation == Relation.SAME_RECORDS) {
            note(
                    "it has the same records in other files, as after a failover and back: a shipper refuses it as diverged;"
                            + " restore with merge (--merge) to take the files of the archive and keep all records");
        }
        return report(plan, Outcome.ALREADY_THERE, found, 0, ahead, Optional.empty());
    }

    private RestoreReport restored(RestorePlan plan, Proof proof, Wanted wanted) throws IOException {
        complete(proof, wanted, true);
        RecoveryReport found = verify(fetch().files().storage());
        RestoreChecks.whole(found, plan);
        place.publish();
        return report(plan, Outcome.RESTORED, found, fetch().reused(), 0, Optional.empty());
    }

    private RestoreReport merged(RestorePlan plan, Proof proof, Wanted wanted, LocalLog local, Relation relation)
            throws IOException {
        long localLast = local.report().lastSequence();
        boolean sameRecords = relation == Relation.SAME_RECORDS;
        List<SegmentReport> tail = sameRecords ? List.of() : local.tail();
        if (!sameRecords && tail.isEmpty() && localLast > plan.archivedSequence()) {
            throw new WalRestoreException(
                    Reason.DIVERGED,
                    place.target() + " has records up to " + localLast + ", the archive up to "
                            + plan.archivedSequence()
                            + ", and what is between is damaged: a merge would drop all of it;"
                            + " copy what is whole by a salvage, and restore into another directory",
                    null);
        }
        complete(proof, wanted, true);
        for (SegmentReport segment : tail) {
            fetch().copyLocal(segment.file());
        }
        if (sameRecords && localLast > plan.archivedSequence()) {
            LocalRecords.append(place.storage(), local.report(), plan.archivedSequence(), place.log(), prefix);
        }
        RecoveryReport found = verify(fetch().files().storage());
        if (!tail.isEmpty() && !found.isSound()) {
            throw new WalRestoreException(
                    Reason.DIVERGED,
                    place.target() + " has records after " + plan.archivedSequence()
                            + " that do not follow the archive's; restore into another directory",
                    null);
        }
        RestoreChecks.whole(found, plan);
        if (sameRecords && found.lastSequence() < localLast) {
            throw new IOException(
                    place.log() + " ends with record " + found.lastSequence() + "; expected " + localLast);
        }
        Path kept = place.replace();
        note("the files of the log that was there are in " + kept);
        long ahead = Math.max(0, found.lastSequence() - plan.archivedSequence());
        return report(plan, Outcome.MERGED, found, fetch().reused(), ahead, Optional.of(kept));
    }

    private RestoreReport copied(RestorePlan plan, Proof proof, Wanted wanted) throws IOException {
        complete(proof, wanted, false);
        if (wanted.gaps().isEmpty()) {
            RecoveryReport whole = verify(fetch().files().storage());
            RestoreChecks.sound(whole, plan);
        }
        place.clearCopy();
        WalProgress progress = (done, total) -> options.progress().update(Stage.COPY, done, total);
        PartialCopy copy = new PartialCopy(checkpoints(proof), place, prefix, options, progress);
        RecoveryReport found = copy.make();
        end(Stage.COPY);
        place.publishCopy(found.logId(), wantedText());
        return copied(plan, found, fetch().reused());
    }

    private RestoreReport copied(RestorePlan plan, RecoveryReport found, int reused) throws IOException {
        note("this is a new log, " + found.logId() + ": it cannot be shipped into the archive of log " + plan.logId());
        return report(plan, Outcome.COPIED, found, reused, 0, Optional.empty());
    }

    private boolean isCopied() throws IOException {
        Optional<String> id = LogFiles.of(place.storage(), prefix).logId();
        return id.isPresent() && place.isCopied(id.get(), wantedText());
    }

    private String wantedText() {
        return options.untilSequence() + " " + options.untilTimeNanos();
    }

    private RestoreReport alreadyCopied(RestorePlan plan) throws IOException {
        return copied(plan, verify(place.storage()), 0);
    }

    private RecoveryReport verify(Storage storage) {
        RecoveryReport found = WalRecovery.verify(
                ReadOptions.of(storage).prefix(prefix),
                (done, total) -> options.progress().update(Stage.CHECK, done, total));
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
        place.accessNote().ifPresent(this::note);
        return RestoreReport.builder(plan, place.target(), outcome)
                .logId(found.logId())
                .firstSequence(found.firstSequence())
                .lastSequence(found.lastSequence())
                .lastTimestampNanos(lastTimestampNanos(place.storage(), found))
                .records(found.records())
                .bytes(found.segments().stream()
                        .mapToLong(SegmentReport::fileBytes)
                        .sum())
                .fetchedBytes(objects.fetched())
                .reusedFiles(reused)
                .localAhead(ahead)
                .keptDirectory(kept)
                .lost(found.lost())
                .notes(notes)
                .took(took)
                .build();
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
        took.merge(stage, Duration.ofNanos(now - stageStarted), Duration::plus);
        stageStarted = now;
    }
}
