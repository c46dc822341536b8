package io.veloz.wal.backup;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.LogPart;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import io.veloz.wal.backup.internal.recovery.Part;
import io.veloz.wal.backup.internal.recovery.Part.Gate;
import io.veloz.wal.backup.internal.recovery.Parts;
import io.veloz.wal.backup.internal.store.Digests;
import java.io.IOException;
import java.io.InputStream;
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
 * Brings the engine back from a recovery point: secrets, configuration, database, Vault and the order log. Not thread-safe;
 * one process at a time.
 *
 * <p><i>Stage:</i> everything is fetched, compared with the point, decrypted once to nothing, and prepared next to its place.
 * <i>Gates:</i> what was staged is compared with the point. <i>Switch:</i> a fixed list of steps, recorded in a journal.
 * <i>Start and verify:</i> the engine is started once, last, and its state compared with the log.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><th>cut</th><th>leaves</th><th>next</th></tr>
 * <tr><td>while staging</td><td>staging next to the places</td><td>{@link #run} removes it and stages again</td></tr>
 * <tr><td>a gate fails</td><td>the same</td><td>nothing in place has changed; correct the cause and run it again</td></tr>
 * <tr><td>in the switch</td><td>some steps done, the journal</td><td>{@link #resume} does the others, {@link #rollBack} undoes
 * those done; both may be cut and run again</td></tr>
 * <tr><td>start or verification fails</td><td>everything switched</td><td>correct the cause and {@link #resume}, or
 * {@link #rollBack}</td></tr>
 * <tr><td>in a rollback</td><td>the journal</td><td>{@link #rollBack} again; {@link #resume} refuses</td></tr>
 * <tr><td>in {@link #cleanUp}</td><td>a part of what was kept</td><td>{@link #cleanUp} again</td></tr>
 * </table>
 */
public final class Recovery {
    private static final String POINT_FACT = "point ";

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
        RecoveryPoint point = point(store, options.point(), options.untilTime());
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
        for (Part part : parts(store, point, options, attachments, Optional.empty(), RecoveryProgress.NONE)) {
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
        return new RecoveryPlan(point, options, attachments, steps, findings, age);
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

    /** Returns a recovery point whose chain and whose place in the archive are proven. */
    static RecoveryPoint point(ObjectStore store, Optional<Long> number, Optional<Instant> untilTime)
            throws IOException {
        RecoveryPoint point = choose(store, number, untilTime);
        requireInArchive(store, point);
        return point;
    }

    private static RecoveryPoint choose(ObjectStore store, Optional<Long> number, Optional<Instant> untilTime)
            throws IOException {
        List<PointChain.Stored> chain;
        try {
            chain = new PointChain(store).readAll();
        } catch (BadPointException e) {
            throw new RecoveryException(Reason.DAMAGED, String.valueOf(e.getMessage()), e);
        }
        if (chain.isEmpty()) {
            throw new RecoveryException(Reason.NO_POINT, store.describe() + " has no recovery points");
        }
        if (untilTime.isPresent()) {
            Instant until = untilTime.get();
            return chain.stream()
                    .map(PointChain.Stored::point)
                    .filter(point -> !point.made().isAfter(until))
                    .reduce((earlier, later) -> later)
                    .orElseThrow(() -> new RecoveryException(
                            Reason.NO_POINT,
                            store.describe() + " has no recovery point that was made until " + until
                                    + "; the first one was made" + " at "
                                    + chain.get(0).point().made()));
        }
        long wanted = number.orElse((long) chain.size());
        if (wanted < 1 || wanted > chain.size()) {
            throw new RecoveryException(
                    Reason.NO_POINT,
                    store.describe() + " has recovery points 1 to " + chain.size() + ", and not " + wanted);
        }
        return chain.get((int) wanted - 1).point();
    }

    /** The point must belong to this archive, and the archive must not have lost what it had when the point was made. */
    private static void requireInArchive(ObjectStore store, RecoveryPoint point) throws IOException {
        ArchiveStatus status;
        try {
            status = ArchiveStatus.of(store);
        } catch (WalRestoreException e) {
            throw new RecoveryException(Reason.LOG_BEHIND, "the log's archive cannot be read: " + e.getMessage(), e);
        }
        String where = store.describe() + ": recovery point " + point.number();
        if (!status.logId().equals(point.logId())) {
            throw new RecoveryException(
                    Reason.LOG_BEHIND, where + " is of log " + point.logId() + "; the archive is of " + status.logId());
        }
        if (status.tip() < point.tip().slot()
                || status.archivedSequence() < point.tip().archivedSequence()) {
            throw new RecoveryException(
                    Reason.LOG_BEHIND,
                    where + " was made at slot " + point.tip().slot() + ", record "
                            + point.tip().archivedSequence() + "; the archive ends at slot " + status.tip()
                            + ", record "
                            + status.archivedSequence() + ": it has lost objects");
        }
        try (InputStream in = store.get(Backup.slotKey(point.tip().slot()))) {
            if (!Digests.of(in).equals(point.tip().sha256())) {
                throw new RecoveryException(
                        Reason.LOG_BEHIND,
                        where + " names another slot " + point.tip().slot() + " than the archive has: another history");
            }
        } catch (NoSuchObjectException e) {
            // The shipper deletes tails that a segment has replaced. It was checked above that the archive continues.
        }
    }

    private List<Part> parts(
            ObjectStore store,
            RecoveryPoint point,
            RecoveryOptions options,
            List<Attachment> attachments,
            Optional<RecoveryKeys> keys,
            RecoveryProgress progress) {
        // The log is not encrypted by the backup, so the recovery of the log alone needs no keys.
        Optional<OpenPgp.Receiver> receiver = keys.filter(files -> !attachments.isEmpty())
                .map(files -> OpenPgp.Receiver.read(
                        files.privateKey(),
                        files.passphraseFile().orElse(null),
                        files.signerCertificate(),
                        profile.keys().signerFingerprint()));
        return Parts.of(profile, store, point, attachments, receiver, request(options), progress);
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
     * @throws RecoveryException if it was refused or failed; unless the reason is HALF_DONE or NOT_VERIFIED nothing in place
     *     has changed
     * @throws IOException if the store, a server or the disk failed before the switch: nothing in place has changed, and
     *     running it again stages again
     */
    public RecoveryReport run(ObjectStore store, RecoveryPlan plan, RecoveryKeys keys, RecoveryProgress progress)
            throws IOException {
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        Optional<SwitchJournal> open = SwitchJournal.open(state, Parts.stepReader(profile));
        if (open.isPresent()) {
            throw new RecoveryException(
                    Reason.HALF_DONE,
                    "an earlier recovery is recorded in " + state.path() + " (" + open.get()
                            + "): resume it, roll it back, or clean it up first");
        }
        Timed timed = new Timed(plan.point().number(), progress);
        List<Part> parts = parts(store, plan.point(), plan.options(), plan.attachments(), Optional.of(keys), progress);
        for (Part part : parts) {
            part.prepare();
        }
        for (Part part : parts) {
            timed.run("stage " + part.name(), part::stage);
        }
        timed.run("gates", () -> requireGates(parts, timed.report));
        Optional<Engine> engine = engine();
        if (engine.isPresent()) {
            engine.get().requireStopped();
        }
        List<Step> steps = new ArrayList<>();
        for (Part part : parts) {
            part.beforeSwitch();
            steps.addAll(part.steps());
            timed.report.findings(part.findings());
        }
        SwitchJournal journal =
                SwitchJournal.create(state, List.of(POINT_FACT + plan.point().number()), steps);
        journal.onCut(cut);
        timed.run("switch", () -> complete(journal));
        steps.forEach(step -> timed.report.change(String.join(" ", step.fields())));
        Optional<Replayed> replayed = replayed(parts);
        replayed.ifPresent(timed::log);
        startAndVerify(plan.options(), replayed, timed);
        return timed.report.build();
    }

    private static void requireGates(List<Part> parts, RecoveryReport.Builder report) throws IOException {
        List<Gate> failed = new ArrayList<>();
        for (Part part : parts) {
            for (Gate gate : part.gates()) {
                report.gate(text(gate));
                if (!gate.passed()) {
                    failed.add(gate);
                }
            }
        }
        if (!failed.isEmpty()) {
            throw new RecoveryException(
                    Reason.GATE,
                    "nothing in place has changed, because a condition is not met: "
                            + failed.stream().map(Recovery::text).collect(Collectors.joining("; ")));
        }
    }

    private static String text(Gate gate) {
        return (gate.passed() ? "passed: " : "failed: ") + gate.name() + " (" + gate.detail() + ")";
    }

    private static void complete(SwitchJournal journal) {
        try {
            journal.complete();
        } catch (IOException e) {
            throw new RecoveryException(
                    Reason.HALF_DONE,
                    "the switch was interrupted (" + journal + "): resume it or roll it back: " + e.getMessage(),
                    e);
        }
    }

    private static Optional<Replayed> replayed(List<Part> parts) {
        return parts.stream()
                .filter(LogPart.class::isInstance)
                .map(LogPart.class::cast)
                .flatMap(part -> part.replayed().stream())
                .findFirst();
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
        try {
            if (!engine.answers()) {
                timed.run("start", engine::start);
            }
            timed.run("verify", () -> verify(engine, expected, timed.report));
            timed.report.started();
            if (options.goesLive()) {
                timed.run("go live", engine::goLive);
                timed.report.live();
            }
        } catch (IOException e) {
            throw new RecoveryException(
                    Reason.NOT_VERIFIED,
                    "everything is in place, but the engine could not be started or observed: " + e.getMessage()
                            + "; correct the cause and resume, or roll back",
                    e);
        }
    }

    private static void verify(Engine engine, Replayed expected, RecoveryReport.Builder report) throws IOException {
        List<Gate> gates = engine.verify(expected);
        gates.forEach(gate -> report.gate(text(gate)));
        String failed = gates.stream()
                .filter(gate -> !gate.passed())
                .map(Recovery::text)
                .collect(Collectors.joining("; "));
        if (!failed.isEmpty()) {
            engine.stop();
            throw new RecoveryException(
                    Reason.NOT_VERIFIED,
                    "everything is in place, but the engine is not as the log says, and was stopped: " + failed
                            + "; correct the cause and resume, or roll back");
        }
    }

    private Optional<Engine> engine() throws IOException {
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        return profile.engine().map(settings -> new Engine(settings, state.path()));
    }

    private Engine requireEngine() throws IOException {
        return engine().orElseThrow(() -> new IllegalArgumentException(
                profile.file() + ": log.directory is missing, so the engine cannot be started"));
    }

    // ---- after a cut

    /**
     * Completes a switch that was interrupted, and starts the engine if that is requested. If all steps were done before,
     * only starts and compares.
     *
     * @throws RecoveryException NO_POINT if there is no journal; HALF_DONE if it fails again, or a rollback began
     */
    public RecoveryReport resume(RecoveryOptions options, RecoveryProgress progress) throws IOException {
        SwitchJournal journal = journal();
        if (journal.isRollingBack()) {
            throw new RecoveryException(
                    Reason.HALF_DONE, "a rollback began (" + journal + "): it can only be completed");
        }
        Timed timed = new Timed(pointOf(journal), progress);
        if (!journal.isComplete()) {
            Optional<Engine> engine = engine();
            if (engine.isPresent()) {
                engine.get().requireStopped();
            }
        }
        // Also if all steps are done: the name of the journal may still forbid a start.
        timed.run("switch", () -> complete(journal));
        journal.steps().forEach(step -> timed.report.change(String.join(" ", step.fields())));
        startAndVerify(options, Optional.empty(), timed);
        return timed.report.build();
    }

    private static long pointOf(SwitchJournal journal) {
        return Long.parseLong(journal.facts().get(0).substring(POINT_FACT.length()));
    }

    /**
     * Puts back what was in place before a switch, whether it was completed or not. What was staged is deleted.
     *
     * @throws RecoveryException NO_POINT if there is no journal; ENGINE_RUNS
     * @throws IOException if a step fails; run it again
     */
    public void rollBack() throws IOException {
        SwitchJournal journal = journal();
        Optional<Engine> engine = engine();
        if (engine.isPresent()) {
            engine.get().requireStopped();
        }
        journal.rollBack();
        for (Step step : journal.steps()) {
            step.discardStaged();
        }
        journal.discard();
    }

    /**
     * Deletes what was in place before a completed switch. After that it cannot be rolled back.
     *
     * @throws RecoveryException NO_POINT if there is no journal; HALF_DONE if the switch is not complete
     */
    public void cleanUp() throws IOException {
        SwitchJournal journal = journal();
        if (!journal.isComplete()) {
            throw new RecoveryException(
                    Reason.HALF_DONE, "the switch is not complete (" + journal + "): resume it or roll it back");
        }
        for (Step step : journal.steps()) {
            step.discardKept();
        }
        journal.discard();
    }

    private SwitchJournal journal() throws IOException {
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        SwitchJournal journal = SwitchJournal.open(state, Parts.stepReader(profile))
                .orElseThrow(
                        () -> new RecoveryException(Reason.NO_POINT, "no recovery is recorded in " + state.path()));
        journal.onCut(cut);
        return journal;
    }

    // ---- time

    private interface Action {
        void run() throws IOException;
    }

    /** Measures each step, and reports it as it begins. */
    private static final class Timed {
        private final RecoveryReport.Builder report;
        private final RecoveryProgress progress;

        Timed(long point, RecoveryProgress progress) {
            this.report = new RecoveryReport.Builder(point);
            this.progress = progress;
        }

        void run(String step, Action action) throws IOException {
            progress.onStep(step);
            long started = System.nanoTime();
            action.run();
            report.took(step, Duration.ofNanos(System.nanoTime() - started));
        }

        void log(Replayed replayed) {
            report.log(replayed.lastSequence(), replayed.lastRecord());
        }
    }
}
