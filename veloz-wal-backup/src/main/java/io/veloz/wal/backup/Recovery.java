package io.veloz.wal.backup;

import io.veloz.wal.WalException;
import io.veloz.wal.archive.ArchiveComparison.Relation;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.Leftovers;
import io.veloz.wal.backup.internal.recovery.LogLocks;
import io.veloz.wal.backup.internal.recovery.LogPart;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import io.veloz.wal.backup.internal.recovery.Part;
import io.veloz.wal.backup.internal.recovery.Part.Gate;
import io.veloz.wal.backup.internal.recovery.Parts;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Brings the engine back from a recovery point: secrets, configuration, database, Vault and the order log. Not thread-safe. A
 * lock in the state directory excludes other threads and processes.
 *
 * <p><i>Stage:</i> everything is fetched, compared with the point, decrypted once to nothing, and prepared next to its place.
 * <i>Gates:</i> what was staged is compared with the point. <i>Switch:</i> a fixed list of steps, recorded in a journal.
 * <i>Start and verify:</i> the engine is started once, last, and its state compared with the log.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><th>cut</th><th>leaves</th><th>next</th></tr>
 * <tr><td>while staging, or a gate fails</td><td>staging next to the places</td><td>{@link #run} removes it and stages again;
 * {@link #cleanUp} removes it</td></tr>
 * <tr><td>in the switch</td><td>some steps done, the journal</td><td>{@link #resume} does the others, {@link #rollBack} undoes
 * those done; both may be cut and run again</td></tr>
 * <tr><td>start or verification fails</td><td>everything switched</td><td>correct the cause and {@link #resume}, or
 * {@link #rollBack}</td></tr>
 * <tr><td>in a rollback</td><td>the journal</td><td>{@link #rollBack} again; {@link #resume} refuses</td></tr>
 * <tr><td>in {@link #cleanUp}</td><td>a part of what was set aside</td><td>{@link #cleanUp} again; {@link #rollBack}
 * refuses</td></tr>
 * </table>
 */
// The locks are held, and not used.
@SuppressWarnings("try")
public final class Recovery {
    private final Profile profile;
    private final Clock clock;
    private final Runnable cut;

    public Recovery(BackupProfile profile) {
        this(profile, Clock.systemUTC(), () -> {});
    }

    /**
     * Creates a recovery that can be cut.
     *
     * @param cut see {@link SwitchJournal#onCut}
     */
    Recovery(BackupProfile profile, Clock clock, Runnable cut) {
        this.profile = profile.settings();
        this.clock = clock;
        this.cut = cut;
    }

    // ---- plan

    /**
     * Chooses a recovery point, proves the chain of points and its place in the log's archive, and describes what a recovery
     * would do. Reads only.
     *
     * @throws RecoveryException NO_POINT, DAMAGED, LOG_BEHIND, LOG_DIVERGED, ROLE_MISSING, VERSION
     */
    public RecoveryPlan plan(ObjectStore store, RecoveryOptions options) throws IOException {
        Set<Kind> kinds = kinds(options);
        RecoveryPoint point = ChosenPoint.find(store, options.point(), options.untilTime());
        List<Attachment> attachments = new ArrayList<>();
        for (Kind kind : kinds) {
            attachments.add(point.attachment(kind)
                    .orElseThrow(() -> new RecoveryException(
                            Reason.NO_POINT, "recovery point " + point.number() + " has no " + kind.label())));
        }
        Duration age = attachments.stream()
                .map(Attachment::taken)
                .min(Instant::compareTo)
                .map(oldest -> Duration.between(oldest, clock.instant()))
                .orElse(Duration.ZERO);
        List<String> steps = new ArrayList<>();
        List<String> findings = new ArrayList<>();
        List<Part> parts = parts(
                store,
                point,
                options,
                attachments,
                Optional.empty(),
                new LogLocks(profile.engine()),
                RecoveryProgress.NONE);
        for (Part part : parts) {
            steps.addAll(part.describe());
            findings.addAll(part.findings());
        }
        if (options.starts()) {
            requireEngine().requireCanStart();
            steps.add("start the engine, and compare its state with the log");
        }
        if (options.goesLive()) {
            steps.add("make the engine accept orders");
        }
        Optional<Relation> log = logPart(parts).flatMap(LogPart::described);
        return new RecoveryPlan(point, options, attachments, steps, findings, age, log);
    }

    private Set<Kind> kinds(RecoveryOptions options) {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        kinds.addAll(options.kinds());
        if (kinds.isEmpty() && options.logUri().isEmpty()) {
            throw new IllegalArgumentException("nothing to recover: expected kinds, the log, or both");
        }
        if (!profile.kinds().containsAll(kinds)) {
            throw new IllegalArgumentException("kinds " + kinds + ": the profile has " + profile.kinds());
        }
        if (kinds.remove(Kind.ROLES)) {
            // The roles are needed to restore the database, and are of no use without it.
            kinds.add(Kind.DATABASE);
        }
        return kinds;
    }

    private List<Part> parts(
            ObjectStore store,
            RecoveryPoint point,
            RecoveryOptions options,
            List<Attachment> attachments,
            Optional<RecoveryKeys> keys,
            LogLocks locks,
            RecoveryProgress progress) {
        // The log is not encrypted by the backup, so the recovery of the log alone needs no keys.
        Optional<OpenPgp.Receiver> receiver = keys.filter(files -> !attachments.isEmpty())
                .map(files -> OpenPgp.Receiver.read(
                        files.privateKey(),
                        files.passphraseFile().orElse(null),
                        files.signerCertificate(),
                        profile.keys().signerFingerprint()));
        return Parts.of(profile, store, point, attachments, receiver, request(options), locks, progress);
    }

    private static Parts.Request request(RecoveryOptions options) {
        return new Parts.Request(
                options.logUri(),
                options.storeSettings(),
                options.isLogToThePoint(),
                options.discardsLocalLog(),
                options.createsRoles());
    }

    // ---- run

    /**
     * Stages, checks the gates, switches, and if that was requested starts the engine and compares its state. Returns when
     * everything is in place and durable; what was there before is kept.
     *
     * @throws RecoveryException if it was refused or failed; PLAN_OUTDATED if the log in place was written since the plan.
     *     Unless the reason is HALF_DONE or NOT_VERIFIED nothing in place has changed, except that Vault may have secrets in
     *     paths that were empty
     * @throws IOException if the store, a server or the disk failed before the switch: nothing in place has changed, and
     *     running it again stages again
     */
    public RecoveryReport run(ObjectStore store, RecoveryPlan plan, RecoveryKeys keys, RecoveryProgress progress)
            throws IOException {
        if (plan.options().starts()) {
            requireEngine().requireCanStart();
        }
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        try (StorageLock exclusive = state.lockRecovery()) {
            requireNoJournal(state);
            Timed timed = new Timed(plan.point().number(), progress);
            requireOutside(plan, keys);
            List<Part> parts;
            try (EngineExclusion exclusion = new EngineExclusion(profile, plan.options())) {
                parts = parts(
                        store,
                        plan.point(),
                        plan.options(),
                        plan.attachments(),
                        Optional.of(keys),
                        exclusion.locks(),
                        progress);
                logPart(parts).ifPresent(part -> plan.log().ifPresent(part::expect));
                exclusion.begin();
                stage(state, parts, timed);
                complete(create(state, plan, parts, exclusion, timed), timed);
            }
            Optional<Replayed> replayed = replayed(parts);
            replayed.ifPresent(timed::log);
            startAndVerify(plan.options(), replayed, timed);
            return timed.report.build();
        }
    }

    private void requireNoJournal(StateDirectory state) throws IOException {
        Optional<SwitchJournal> open = SwitchJournal.open(state, Parts.stepReader(profile));
        if (open.isPresent()) {
            throw new RecoveryException(
                    Reason.HALF_DONE,
                    "an earlier recovery is recorded in " + state.path() + " (" + open.get()
                            + "): resume it, roll it back, or clean it up first");
        }
    }

    /** What is renamed is deleted by a clean-up: a key that the caller names would be lost with it. */
    private void requireOutside(RecoveryPlan plan, RecoveryKeys keys) {
        List<Path> replaced = new ArrayList<>();
        plan.attachments().forEach(each -> each.roots().forEach(root -> replaced.add(Path.of(root))));
        if (plan.options().logUri().isPresent()) {
            profile.engine().ifPresent(engine -> replaced.add(engine.logDirectory()));
        }
        List<Path> files = new ArrayList<>(List.of(keys.privateKey(), keys.signerCertificate()));
        keys.passphraseFile().ifPresent(files::add);
        for (Path file : files) {
            for (Path place : replaced) {
                if (file.toAbsolutePath().normalize().startsWith(place)) {
                    throw new RecoveryException(
                            Reason.PLACE_UNUSABLE,
                            file + " is inside of " + place + ", which a recovery replaces: move it away first");
                }
            }
        }
    }

    private void stage(StateDirectory state, List<Part> parts, Timed timed) throws IOException {
        Leftovers.remove(profile, state, Parts.haveDatabase(parts));
        for (Part part : parts) {
            part.prepare();
        }
        Leftovers.record(
                state,
                parts.stream().flatMap(part -> part.stagingNames().stream()).toList());
        for (Part part : parts) {
            timed.run("stage " + part.name(), part::stage);
        }
        timed.run("gates", () -> requireGates(parts, timed.report));
    }

    /** Records the switch. Nothing in place has changed when it returns. */
    private SwitchJournal create(
            StateDirectory state, RecoveryPlan plan, List<Part> parts, EngineExclusion exclusion, Timed timed)
            throws IOException {
        List<Step> steps = new ArrayList<>();
        for (Part part : parts) {
            part.beforeSwitch();
            steps.addAll(part.steps());
            timed.report.findings(part.findings());
        }
        JournalFacts facts = new JournalFacts(
                plan.point().number(),
                lastSequence(parts),
                logPart(parts).filter(LogPart::leavesDamagedLog).isPresent());
        SwitchJournal journal = SwitchJournal.create(state, facts.lines(), steps);
        journal.onCut(cut);
        try {
            // The journal prevents that the unit starts from now on. What was started before is found here.
            exclusion.begin(journal);
        } catch (IOException | RuntimeException e) {
            journal.withdraw();
            throw e;
        }
        // From now on these names may be what a rollback has set aside.
        Leftovers.handOver(state, journal.hasDatabase());
        return journal;
    }

    /** Returns the end of the log that will be in place; empty if there is none that can be read. */
    private Optional<Long> lastSequence(List<Part> parts) {
        Optional<Replayed> replayed = replayed(parts);
        if (replayed.isPresent() || profile.engine().isEmpty()) {
            return replayed.map(Replayed::lastSequence);
        }
        try {
            return Optional.of(LogPart.lastSequence(profile.engine().get()));
        } catch (WalException e) {
            // A rollback then cannot compare, and is not refused.
            return Optional.empty();
        }
    }

    private static void requireGates(List<Part> parts, RecoveryReport.Builder report) throws IOException {
        List<Gate> failed = new ArrayList<>();
        for (Part part : parts) {
            for (Gate gate : part.gates()) {
                report.gate(gate.toString());
                if (!gate.passed()) {
                    failed.add(gate);
                }
            }
        }
        if (!failed.isEmpty()) {
            throw new RecoveryException(
                    Reason.GATE,
                    "nothing in place has changed, because a condition is not met: "
                            + failed.stream().map(Gate::toString).collect(Collectors.joining("; ")));
        }
    }

    private static void complete(SwitchJournal journal, Timed timed) throws IOException {
        timed.run("switch", () -> {
            try {
                journal.complete();
            } catch (IOException | RecoveryException e) {
                throw new RecoveryException(
                        Reason.HALF_DONE,
                        "the switch was interrupted (" + journal + "): resume it or roll it back: " + e.getMessage(),
                        e);
            }
        });
        journal.steps().forEach(step -> timed.report.change(step.describe()));
    }

    private static Optional<LogPart> logPart(List<Part> parts) {
        return parts.stream()
                .filter(LogPart.class::isInstance)
                .map(LogPart.class::cast)
                .findFirst();
    }

    private static Optional<Replayed> replayed(List<Part> parts) {
        return logPart(parts).flatMap(LogPart::replayed);
    }

    // ---- start

    private void startAndVerify(RecoveryOptions options, Optional<Replayed> replayed, Timed timed) throws IOException {
        if (!options.starts()) {
            return;
        }
        Engine engine = requireEngine();
        Replayed expected = replayed.isPresent()
                ? replayed.get()
                : LogPart.replay(profile.engine().orElseThrow());
        timed.log(expected);
        EngineStart.run(engine, expected, options.goesLive(), timed);
    }

    private Optional<Engine> engine() {
        return profile.engine().map(settings -> new Engine(settings, profile.stateDirectory()));
    }

    private Engine requireEngine() {
        return engine().orElseThrow(() -> new IllegalArgumentException(
                profile.file() + ": log.directory is missing, so the engine cannot be started"));
    }

    // ---- after a cut

    /**
     * Completes a switch that was interrupted, and starts the engine if that is requested. If all steps were done before,
     * only starts and compares.
     *
     * @throws RecoveryException NO_POINT if there is no journal; HALF_DONE if it fails again, or a rollback or a clean-up
     *     began; ENGINE_RUNS, RECOVERY_RUNS; NOT_VERIFIED
     */
    public RecoveryReport resume(RecoveryOptions options, RecoveryProgress progress) throws IOException {
        if (options.starts()) {
            requireEngine().requireCanStart();
        }
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        try (StorageLock exclusive = state.lockRecovery()) {
            SwitchJournal journal = new RecordedRecovery(profile, state, options, cut).require();
            if (journal.isUndone() || journal.isDiscarding()) {
                throw new RecoveryException(
                        Reason.HALF_DONE,
                        "the recovery was rolled back, or a clean-up began (" + journal
                                + "): clean up, and start again");
            }
            if (journal.isRollingBack()) {
                throw new RecoveryException(
                        Reason.HALF_DONE, "a rollback began (" + journal + "): it can only be completed");
            }
            Timed timed = new Timed(JournalFacts.of(journal).point(), progress);
            if (journal.isComplete()) {
                // Only the name of the journal may still forbid a start.
                complete(journal, timed);
            } else {
                try (EngineExclusion exclusion = new EngineExclusion(profile, options)) {
                    exclusion.begin(journal);
                    complete(journal, timed);
                }
            }
            startAndVerify(options, Optional.empty(), timed);
            return timed.report.build();
        }
    }

    /**
     * Puts back what was in place before a switch, whether it was completed or not. What the recovery had put in place is set
     * aside until {@link #cleanUp}, with everything that was written to it since.
     *
     * @param options only {@link RecoveryOptions#setAsideChanges}, {@link RecoveryOptions#withoutDatabase} and {@link
     *     RecoveryOptions#engineIsDown} are used
     * @return what was set aside
     * @throws RecoveryException NO_POINT if there is no journal; LOG_DIVERGED if the engine has written records since the
     *     recovery of its log or its database; PLACE_UNUSABLE if something that it would put back is lost: nothing has changed then; HALF_DONE if a
     *     clean-up began; ENGINE_RUNS, RECOVERY_RUNS
     * @throws IOException if a step fails; run it again
     */
    public List<String> rollBack(RecoveryOptions options) throws IOException {
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        try (StorageLock exclusive = state.lockRecovery()) {
            return new RecordedRecovery(profile, state, options, cut).rollBack();
        }
    }

    /**
     * Deletes what was set aside: what was in place before a completed switch, or what the recovery had put in place before
     * it was rolled back. After that there is no way back. Also deletes what earlier runs have staged and not put in place.
     *
     * @param options only {@link RecoveryOptions#withoutDatabase} is used
     * @return what was deleted; empty if there was nothing
     * @throws RecoveryException HALF_DONE if the switch or the rollback is not complete; PLACE_UNUSABLE if something
     *     that belongs in place is missing, so that what was set aside may be its last copy; LOG_DIVERGED if the log that was
     *     set aside has records that the engine wrote after the recovery, or was damaged before it; RECOVERY_RUNS
     * @throws IOException if something cannot be deleted; run it again
     */
    public List<String> cleanUp(RecoveryOptions options) throws IOException {
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        try (StorageLock exclusive = state.lockRecovery()) {
            return new RecordedRecovery(profile, state, options, cut).cleanUp();
        }
    }
}
