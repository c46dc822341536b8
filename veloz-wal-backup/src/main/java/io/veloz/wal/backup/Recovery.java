package io.veloz.wal.backup;

import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.store.ChunkReader;
import io.veloz.wal.backup.internal.store.Digests;
import io.veloz.wal.backup.internal.tree.TreeExtract;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Brings configuration and secrets back from a recovery point, in three phases. <i>Stage:</i> everything is fetched,
 * compared with the point, decrypted once to nothing and then next to its place. <i>Switch:</i> renames, recorded in a
 * journal. <i>Clean up:</i> what was in place before is deleted, when it is certain that it is not needed.
 *
 * <p>Nothing in place changes before everything is staged. A switch that was interrupted is completed by {@link #resume} or
 * undone by {@link #rollBack}. Not thread-safe; one process at a time.
 */
public final class Recovery {
    private final Profile profile;
    private final Clock clock;

    public Recovery(BackupProfile profile) {
        this(profile, Clock.systemUTC());
    }

    Recovery(BackupProfile profile, Clock clock) {
        this.profile = profile.settings();
        this.clock = clock;
    }

    // ---- plan

    /**
     * Chooses a recovery point and proves the chain of points and its place in the log's archive. Reads only.
     *
     * @param kinds to recover; each must be in the point
     * @param number of the point; empty for the newest one
     * @throws RecoveryException NO_POINT, DAMAGED, LOG_BEHIND
     */
    public RecoveryPlan plan(ObjectStore store, Set<Kind> kinds, Optional<Long> number) throws IOException {
        if (kinds.isEmpty() || !profile.kinds().containsAll(kinds)) {
            throw new IllegalArgumentException("kinds " + kinds + ": the profile has " + profile.kinds());
        }
        RecoveryPoint point = choose(store, number);
        requireInArchive(store, point);
        List<Attachment> attachments = new ArrayList<>();
        for (Kind kind : EnumSet.copyOf(kinds)) {
            attachments.add(point.attachment(kind)
                    .orElseThrow(() -> new RecoveryException(
                            Reason.NO_POINT, "recovery point " + point.number() + " has no " + kind.label())));
        }
        Places places = new Places(profile, attachments, point.number());
        Instant oldest = attachments.stream()
                .map(Attachment::taken)
                .min(Instant::compareTo)
                .orElseThrow();
        return new RecoveryPlan(
                point, attachments, places.staging(), places.describe(), Duration.between(oldest, clock.instant()));
    }

    private static RecoveryPoint choose(ObjectStore store, Optional<Long> number) throws IOException {
        List<PointChain.Stored> chain;
        try {
            chain = new PointChain(store).readAll();
        } catch (BadPointException e) {
            throw new RecoveryException(Reason.DAMAGED, e.getMessage(), e);
        }
        if (chain.isEmpty()) {
            throw new RecoveryException(Reason.NO_POINT, store.describe() + " has no recovery points");
        }
        long wanted = number.orElse((long) chain.size());
        if (wanted < 1 || wanted > chain.size()) {
            throw new RecoveryException(
                    Reason.NO_POINT, store.describe() + " has recovery points 1 to " + chain.size() + ", and not " + wanted);
        }
        return chain.get((int) wanted - 1).point();
    }

    /** The point must belong to this archive, and the archive must not have lost what it had when the point was made. */
    private static void requireInArchive(ObjectStore store, RecoveryPoint point) throws IOException {
        ArchiveStatus status;
        try {
            status = ArchiveStatus.of(store);
        } catch (WalRestoreException e) {
            throw new RecoveryException(
                    Reason.LOG_BEHIND, "the log's archive cannot be read: " + e.getMessage(), e);
        }
        String where = store.describe() + ": recovery point " + point.number();
        if (!status.logId().equals(point.logId())) {
            throw new RecoveryException(
                    Reason.LOG_BEHIND, where + " is of log " + point.logId() + "; the archive is of " + status.logId());
        }
        if (status.tip() < point.tip().slot() || status.archivedSequence() < point.tip().archivedSequence()) {
            throw new RecoveryException(
                    Reason.LOG_BEHIND,
                    where + " was made at slot " + point.tip().slot() + ", record " + point.tip().archivedSequence()
                            + "; the archive ends at slot " + status.tip() + ", record " + status.archivedSequence()
                            + ": it has lost objects");
        }
        try (InputStream in = store.get(Backup.slotKey(point.tip().slot()))) {
            if (!Digests.of(in).equals(point.tip().sha256())) {
                throw new RecoveryException(
                        Reason.LOG_BEHIND,
                        where + " names another slot " + point.tip().slot() + " than the archive has: another history");
            }
        } catch (NoSuchObjectException e) {
            // The shipper deletes tails that a segment has replaced. That the archive goes on from there was seen above.
        }
    }

    // ---- run

    /**
     * Stages and switches. Returns when everything is in place and durable; what was there before is kept.
     *
     * @param logDirectory of the engine's order log: the engine must not run; empty if there is none on this machine
     * @throws RecoveryException if it was refused or failed; unless the reason is HALF_DONE nothing in place has changed
     * @throws IOException if the store or the disk failed: before the switch nothing in place has changed, and running it
     *     again stages again; within it, use {@link #resume} or {@link #rollBack}
     */
    public RecoveryReport run(ObjectStore store, RecoveryPlan plan, RecoveryKeys keys, Optional<Path> logDirectory)
            throws IOException {
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        Optional<SwitchJournal> open = SwitchJournal.open(state);
        if (open.isPresent()) {
            throw new RecoveryException(
                    Reason.HALF_DONE,
                    "an earlier recovery is recorded in " + state.path() + " (" + open.get()
                            + "): resume it, roll it back, or clean it up first");
        }
        OpenPgp.Receiver receiver = OpenPgp.Receiver.read(
                keys.privateKey(),
                keys.passphraseFile().orElse(null),
                keys.signerCertificate(),
                profile.keys().signerFingerprint());
        Places places = new Places(profile, plan.attachments(), plan.point().number());
        places.prepare();
        List<String> findings = new ArrayList<>();
        for (Attachment attachment : plan.attachments()) {
            prove(store, plan.point(), attachment, receiver);
        }
        for (Attachment attachment : places.outermostFirst()) {
            findings.addAll(stage(store, plan.point(), attachment, receiver, places));
        }
        places.forceStaging();
        requireStopped(logDirectory);
        SwitchJournal journal = SwitchJournal.create(state, List.of("point " + plan.point().number()), places.steps());
        try {
            journal.complete();
        } catch (IOException e) {
            throw new RecoveryException(
                    Reason.HALF_DONE, "the switch was interrupted (" + journal + "): resume it or roll it back: " + e.getMessage(), e);
        }
        return new RecoveryReport(plan.point().number(), places.roots(), kept(journal), findings);
    }

    /** To nothing: an OpenPGP reader gives out bytes before it can know that they are genuine. */
    private static void prove(ObjectStore store, RecoveryPoint point, Attachment attachment, OpenPgp.Receiver receiver) throws IOException {
        try (ChunkReader chunks = new ChunkReader(store, attachment)) {
            receiver.open(chunks, attachment.name(point.logId())).verify();
        } catch (RecoveryException e) {
            throw named(attachment, e);
        }
    }

    private static RecoveryException named(Attachment attachment, RecoveryException e) {
        return new RecoveryException(
                e.reason(), attachment.kind().label() + " " + attachment.id() + ": " + e.getMessage(), e);
    }

    private static List<String> stage(
            ObjectStore store, RecoveryPoint point, Attachment attachment, OpenPgp.Receiver receiver, Places places)
            throws IOException {
        try (ChunkReader chunks = new ChunkReader(store, attachment)) {
            OpenPgp.DecryptingStream plain = receiver.open(chunks, attachment.name(point.logId()));
            List<String> findings = TreeExtract.extract(plain, places.stagingOf(attachment));
            // What was read the first time may not be what was read the second time.
            plain.verify();
            return findings;
        } catch (RecoveryException e) {
            throw named(attachment, e);
        }
    }

    private static void requireStopped(Optional<Path> logDirectory) throws IOException {
        if (logDirectory.isPresent()
                && Files.isDirectory(logDirectory.get())
                && LogFiles.of(logDirectory.get()).isLocked()) {
            throw new RecoveryException(
                    Reason.ENGINE_RUNS,
                    "a process has the order log in " + logDirectory.get() + " open: stop the engine, and run this again");
        }
    }

    // ---- after a cut

    /**
     * Completes a switch that was interrupted.
     *
     * @throws RecoveryException NO_POINT if there is none; HALF_DONE if it fails again, or a rollback began
     */
    public RecoveryReport resume() throws IOException {
        SwitchJournal journal = journal();
        if (journal.isRollingBack()) {
            throw new RecoveryException(Reason.HALF_DONE, "a rollback began (" + journal + "): it can only be completed");
        }
        journal.complete();
        List<Path> roots = new ArrayList<>();
        for (SwitchJournal.Step step : journal.steps()) {
            if (!Places.isKept(step.to())) {
                roots.add(step.to());
            }
        }
        long point = Long.parseLong(journal.facts().get(0).substring("point ".length()));
        return new RecoveryReport(point, roots, kept(journal), List.of());
    }

    /** Puts back what was in place before a switch, whether it was completed or not. What was staged is deleted. */
    public void rollBack() throws IOException {
        SwitchJournal journal = journal();
        journal.rollBack();
        for (SwitchJournal.Step step : journal.steps()) {
            if (Places.isStaging(step.from())) {
                Trees.delete(step.from());
            }
        }
        journal.discard();
    }

    /**
     * Deletes what was in place before a completed switch. After that it cannot be rolled back.
     *
     * @throws RecoveryException HALF_DONE if the switch is not complete
     */
    public void cleanUp() throws IOException {
        SwitchJournal journal = journal();
        if (!journal.isComplete()) {
            throw new RecoveryException(Reason.HALF_DONE, "the switch is not complete (" + journal + "): resume it or roll it back");
        }
        for (Path kept : kept(journal)) {
            Trees.delete(kept);
        }
        journal.discard();
    }

    private SwitchJournal journal() throws IOException {
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        return SwitchJournal.open(state)
                .orElseThrow(() ->
                        new RecoveryException(Reason.NO_POINT, "no recovery is recorded in " + state.path()));
    }

    private static List<Path> kept(SwitchJournal journal) {
        return journal.steps().stream()
                .map(SwitchJournal.Step::to)
                .filter(Places::isKept)
                .toList();
    }
}
