package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LogFiles;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.RestoreOptions;
import io.veloz.wal.RestorePlan;
import io.veloz.wal.RestoreProgress.Stage;
import io.veloz.wal.RestoreReport;
import io.veloz.wal.RestoreReport.Outcome;
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
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One restore, from the proof to the name of the directory: {@link #run} is the story. It belongs to one thread.
 */
final class Restore {
    private static final long SPARE_BYTES = 1024 * 1024;

    private final ObjectStore store;
    private final ShipLog log;
    private final RestoreOptions options;
    private final Retries retries;
    private final Steps steps;
    private final Workplace place;
    private final ObjectFiles objects;
    private final RestoreChecks checks;
    private final Map<Stage, Duration> took = new EnumMap<>(Stage.class);
    private final List<String> notes = new ArrayList<>();

    /** Of the log's file names, as the archive says. */
    private String prefix = "";

    private long stageStarted = System.nanoTime();

    Restore(ObjectStore store, RestoreOptions options, Retries retries, Steps steps) {
        this.store = store;
        this.log = new ShipLog(store);
        this.options = options;
        this.retries = retries;
        this.steps = steps;
        this.place = new Workplace(options.directory(), steps);
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
        place.endSwap();
        Proof proof = prove();
        Wanted wanted = Wanted.of(proof, options);
        RestorePlan plan = plan(proof, wanted);
        checks.point(proof, wanted);
        @Nullable LocalLog local = null;
        if (plan.newLog() && !place.isFree() && isCopied()) {
            place.clear();
            return alreadyCopied(plan);
        }
        if (!place.isFree()) {
            local = local(proof);
            LocalLog.Relation relation = local.relation();
            end(Stage.COMPARE);
            if (relation == LocalLog.Relation.COMPLETE && !plan.newLog()) {
                place.clear();
                return alreadyThere(plan, local);
            }
            checks.merging(local, relation, plan);
        }
        checks.space(plan, local);
        place.claim(proof.identity().logId());
        try (Fetch fetch = fetch(proof, local)) {
            fetch.all(wanted);
            Optional<Attachment> checkpoint = Optional.empty();
            if (!plan.newLog()) {
                checkpoint = Wanted.checkpoint(proof, wanted.lastSequence());
                if (checkpoint.isPresent()) {
                    fetch.checkpoint(checkpoint.get());
                }
            }
            LogIdentity identity = proof.identity();
            fetch.files().complete(identity.logId(), identity.firstSegment(), identity.firstSequence());
            end(Stage.FETCH);
            if (plan.newLog()) {
                return copied(plan, proof, wanted, fetch);
            }
            return local == null ? restored(plan, fetch) : merged(plan, proof, local, fetch);
        }
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
        Prover prover = new Prover(
                log,
                identity,
                retries,
                options.parallelism(),
                slots -> options.progress().update(Stage.PROVE, slots, slots));
        Proof proof = prover.prove(options.untilSequence());
        if (proof.unusedFrom() > 0) {
            notes.add("slot " + proof.unusedFrom() + " is damaged or gone: what is behind it was not used");
        }
        end(Stage.PROVE);
        return proof;
    }

    private RestorePlan plan(Proof proof, Wanted wanted) throws IOException {
        @Nullable Slot tip = proof.tip();
        boolean newLog = options.isUpToAPoint() || !wanted.gaps().isEmpty();
        long fileBytes = wanted.segmentBytes() + wanted.tailBytes();
        Optional<Attachment> checkpoint = Wanted.checkpoint(proof, wanted.lastSequence());
        long files = fileBytes + checkpoint.map(Attachment::fileBytes).orElse(0L);
        List<String> strays = new ArrayList<>();
        proof.strays().forEach(number -> strays.add("slot " + number));
        if (proof.strayCount() > strays.size()) {
            strays.add("and " + (proof.strayCount() - strays.size()) + " more");
        }
        return new RestorePlan(
                store.describe(),
                proof.identity().logId(),
                proof.identity().firstSequence(),
                wanted.lastSequence(),
                proof.archived().sequence(),
                tip == null ? 0 : tip.epoch(),
                tip == null ? "" : tip.host(),
                tip == null ? proof.identity().created() : tip.written(),
                proof.slots(),
                wanted.segments().size(),
                wanted.tails().size(),
                checkpoint.map(Attachment::sequence).orElse(0L),
                wanted.segments().stream().mapToLong(Segment::objectBytes).sum()
                        + checkpoint.map(Attachment::objectBytes).orElse(0L),
                fileBytes,
                (newLog ? 2 : 1) * files + SPARE_BYTES,
                newLog,
                wanted.gaps(),
                strays);
    }

    // ---- the target

    private LocalLog local(Proof proof) throws IOException {
        return LocalLog.look(
                steps.open(place.target()),
                proof,
                objects,
                (done, total) -> options.progress().update(Stage.COMPARE, done, total));
    }

    private Fetch fetch(Proof proof, @Nullable LocalLog local) throws IOException {
        @Nullable Storage source = local == null ? null : steps.open(place.target());
        return new Fetch(
                log,
                objects,
                steps.open(place.log()),
                proof.identity().prefix(),
                source,
                options.parallelism(),
                options.progress());
    }

    // ---- the ends

    private RestoreReport alreadyThere(RestorePlan plan, LocalLog local) throws IOException {
        RecoveryReport found = local.report();
        long ahead = found.lastSequence() - plan.archivedSequence();
        notes.add(place.target() + " has all of it" + (ahead > 0 ? ", and " + ahead + " records more" : "")
                + "; nothing was changed");
        Storage storage = steps.open(place.target());
        return report(plan, Outcome.ALREADY_THERE, found, storage, 0, ahead, Optional.empty());
    }

    private RestoreReport restored(RestorePlan plan, Fetch fetch) throws IOException {
        RecoveryReport found = verify(fetch.files().storage());
        RestoreChecks.whole(found, plan);
        place.publish(place.log());
        Storage storage = steps.open(place.target());
        return report(plan, Outcome.RESTORED, found, storage, fetch.reused(), 0, Optional.empty());
    }

    private RestoreReport merged(RestorePlan plan, Proof proof, LocalLog local, Fetch fetch) throws IOException {
        List<SegmentReport> tail = local.tail();
        for (SegmentReport segment : tail) {
            fetch.copyLocal(segment.file());
        }
        RecoveryReport found = verify(fetch.files().storage());
        if (!tail.isEmpty() && !found.isSound()) {
            throw new WalRestoreException(
                    Reason.DIVERGED,
                    place.target() + " has records behind " + plan.archivedSequence()
                            + " that do not follow the archive's; restore into another directory",
                    null);
        }
        RestoreChecks.whole(found, plan);
        Path kept = place.swap();
        notes.add("the log that was there is in " + kept);
        if (tail.isEmpty() && local.report().lastSequence() > proof.archived().sequence()) {
            notes.add("records behind " + proof.archived().sequence() + " that it had could not be used");
        }
        long ahead = Math.max(0, found.lastSequence() - plan.archivedSequence());
        Storage storage = steps.open(place.target());
        return report(plan, Outcome.MERGED, found, storage, fetch.reused(), ahead, Optional.of(kept));
    }

    private RestoreReport copied(RestorePlan plan, Proof proof, Wanted wanted, Fetch fetch) throws IOException {
        if (wanted.gaps().isEmpty()) {
            RecoveryReport whole = verify(fetch.files().storage());
            RestoreChecks.sound(whole, plan);
        }
        place.clearCopy();
        WalProgress progress = (done, total) -> options.progress().update(Stage.COPY, done, total);
        PartialCopy copy = new PartialCopy(fetch, place, prefix, options, progress);
        RecoveryReport found = copy.make(proof);
        end(Stage.COPY);
        place.publishCopy(found.logId(), wantedText());
        return copied(plan, found, fetch.reused());
    }

    private RestoreReport copied(RestorePlan plan, RecoveryReport found, int reused) throws IOException {
        notes.add("this is a new log, " + found.logId() + ": it cannot be shipped into the archive of log "
                + plan.logId());
        Storage storage = steps.open(place.target());
        return report(plan, Outcome.COPIED, found, storage, reused, 0, Optional.empty());
    }

    private boolean isCopied() throws IOException {
        Optional<String> id = LogFiles.of(steps.open(place.target()), prefix).logId();
        return id.isPresent() && place.isCopied(id.get(), wantedText());
    }

    private String wantedText() {
        return options.untilSequence() + " " + options.untilTimeNanos();
    }

    private RestoreReport alreadyCopied(RestorePlan plan) throws IOException {
        return copied(plan, verify(steps.open(place.target())), 0);
    }

    private RecoveryReport verify(Storage storage) {
        RecoveryReport found = WalRecovery.verify(
                ReadOptions.of(storage).prefix(prefix),
                (done, total) -> options.progress().update(Stage.CHECK, done, total));
        end(Stage.CHECK);
        return found;
    }

    private RestoreReport report(
            RestorePlan plan,
            Outcome outcome,
            RecoveryReport found,
            Storage storage,
            int reused,
            long ahead,
            Optional<Path> kept)
            throws IOException {
        return new RestoreReport(
                plan,
                place.target(),
                outcome,
                found.logId(),
                found.firstSequence(),
                found.lastSequence(),
                lastTimestampNanos(storage, found),
                found.records(),
                found.segments().stream().mapToLong(SegmentReport::fileBytes).sum(),
                objects.fetched(),
                reused,
                ahead,
                kept,
                found.lost(),
                notes,
                took);
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
