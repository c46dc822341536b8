package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupRefusedException.Reason;
import io.veloz.wal.backup.internal.capture.Content;
import io.veloz.wal.backup.internal.capture.Source;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.place.JournalWatch;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.store.ChunkWriter;
import io.veloz.wal.backup.internal.store.Spool;
import io.veloz.wal.backup.internal.tree.TreeTar;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongConsumer;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/**
 * Makes recovery points in the archive of an order log. It needs read access to the archive and may put under
 * {@code points/} and {@code attachments/} only: it never writes the log's own chain, so it cannot fence its writer. Not
 * thread-safe; several processes may run it at once.
 *
 * <p>What a cut leaves, and what the next run does:
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><td>before or between chunks</td><td>chunks that no point names</td><td>stores a new attachment; retention deletes the
 * orphans</td></tr>
 * <tr><td>all chunks stored, log not archived in time</td><td>the same</td><td>the same</td></tr>
 * <tr><td>point put, answer lost</td><td>the point</td><td>finds everything unchanged</td></tr>
 * <tr><td>anywhere</td><td>an encrypted spool file in the state directory</td><td>deletes it</td></tr>
 * </table>
 */
public final class Backup {
    private static final Duration EXPIRES_SOON = Duration.ofDays(30);
    private static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(5);

    private final ObjectStore store;
    private final Profile profile;
    private final LogPosition log;
    private final BackupProgress progress;
    private final Clock clock;
    private final Duration patience;
    private final int chunkBytes;

    /**
     * Creates a backup that waits at most a minute for the log's archive.
     *
     * @param store of the archive; the caller closes it
     */
    public Backup(ObjectStore store, BackupProfile profile, LogPosition log) {
        this(store, profile, log, Duration.ofSeconds(60), BackupProgress.NONE);
    }

    /**
     * Creates a backup.
     *
     * @param store of the archive; the caller closes it
     * @param patience how long to wait until the log is archived up to the attachments
     */
    public Backup(
            ObjectStore store, BackupProfile profile, LogPosition log, Duration patience, BackupProgress progress) {
        this(store, profile, log, patience, progress, Clock.systemUTC(), ChunkWriter.CHUNK_BYTES);
    }

    Backup(
            ObjectStore store,
            BackupProfile profile,
            LogPosition log,
            Duration patience,
            BackupProgress progress,
            Clock clock,
            int chunkBytes) {
        this.store = store;
        this.profile = profile.settings();
        this.log = log;
        this.patience = patience;
        this.progress = progress;
        this.clock = clock;
        this.chunkBytes = chunkBytes;
    }

    /**
     * Reads the kinds, stores what has changed since the newest recovery point, and puts a new point, which names the other
     * kinds' attachments of the newest one again. Returns when the point is durable and the log is archived up to it, or
     * without a point if nothing has changed. A database is always stored, together with its roles.
     *
     * @throws BackupRefusedException if no point was put; its reason describes the correction
     * @throws IOException if the store, the database, Vault or a file failed; run it again
     */
    public BackupReport run(Set<Kind> kinds) throws IOException {
        Instant begin = clock.instant();
        if (kinds.isEmpty() || !profile.kinds().containsAll(kinds)) {
            throw new IllegalArgumentException("kinds " + kinds + ": the profile has " + profile.kinds());
        }
        refuseSecretsInConfiguration();
        OpenPgp.Sender sender = OpenPgp.Sender.read(profile.keys());
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        JournalWatch recovery = JournalWatch.begin(state);
        refuseDuringRecovery(state);
        try (Spool spool = Spool.open(state.path())) {
            Run run = new Run(sender, state, spool);
            for (Kind kind : sources(kinds)) {
                run.capture(kind);
            }
            // A recovery excludes other recoveries, and not a backup that began before it.
            refuseRecoverySince(recovery, state);
            Optional<RecoveryPoint> point = run.put();
            long bytes = run.stored.values().stream()
                    .mapToLong(Attachment::storedBytes)
                    .sum();
            return new BackupReport(
                    point,
                    run.named(point),
                    run.unchanged,
                    run.findings,
                    bytes,
                    sender.firstExpiry(),
                    Duration.between(begin, clock.instant()));
        }
    }

    /** Returns one kind for each source: the roles are read with the database. */
    private static Set<Kind> sources(Set<Kind> kinds) {
        Set<Kind> sources = EnumSet.copyOf(kinds);
        if (sources.remove(Kind.ROLES)) {
            sources.add(Kind.DATABASE);
        }
        return sources;
    }

    /** The files and the database in place may be a mixture of two times, which is not worth a recovery point. */
    private static void refuseDuringRecovery(StateDirectory state) {
        Path journal = state.path().resolve(SwitchJournal.NAME);
        if (Files.exists(journal, LinkOption.NOFOLLOW_LINKS)) {
            throw new BackupRefusedException(
                    Reason.RECOVERY_UNDER_WAY,
                    journal
                            + " exists: a switch or a rollback of a recovery is not complete. Resume it or roll it back,"
                            + " and make the backup again");
        }
    }

    private static void refuseRecoverySince(JournalWatch recovery, StateDirectory state) throws IOException {
        if (recovery.hasChanged()) {
            throw new BackupRefusedException(
                    Reason.RECOVERY_UNDER_WAY,
                    "the journal in " + state.path()
                            + " has changed: a switch, a rollback or a clean-up of a recovery ran while this backup read"
                            + " its sources. When it is complete, make the backup again");
        }
    }

    /** A root of the configuration that contains secrets would store them as configuration, and put old keys back. */
    private void refuseSecretsInConfiguration() throws IOException {
        if (!profile.kinds().containsAll(Set.of(Kind.CONFIGURATION, Kind.SECRETS))) {
            return;
        }
        TreeTar configuration = TreeTar.scan(profile.tree(Kind.CONFIGURATION));
        for (Path secret : profile.tree(Kind.SECRETS).roots()) {
            if (configuration.contains(secret)) {
                throw new BackupRefusedException(
                        Reason.SECRETS_IN_CONFIGURATION,
                        "configuration.roots contain " + secret + ", which is a root of the secrets: add it to"
                                + " configuration.exclude");
            }
        }
    }

    // ---- capture

    /** The attachments of one run. */
    private final class Run {
        private final OpenPgp.Sender sender;
        private final StateDirectory state;
        private final Spool spool;
        private final PointWriter points = new PointWriter(store, patience, progress, clock);
        private final String logId;
        private final Optional<RecoveryPoint> newest;
        private final List<String> findings = new ArrayList<>();
        private final Map<Kind, Attachment> stored = new EnumMap<>(Kind.class);
        private final Set<Kind> unchanged = EnumSet.noneOf(Kind.class);

        Run(OpenPgp.Sender sender, StateDirectory state, Spool spool) throws IOException {
            this.sender = sender;
            this.state = state;
            this.spool = spool;
            this.logId = points.archive().logId();
            this.newest = points.newest(logId).map(PointChain.Stored::point);
            @Nullable Instant expiry = sender.firstExpiry();
            if (expiry != null && expiry.isBefore(clock.instant().plus(EXPIRES_SOON))) {
                findings.add("a recipient's certificate expires at " + expiry + ": replace it before, or backups stop");
            }
            newest.ifPresent(this::compareClocks);
        }

        /** The age of a point is wrong by as much as a clock, and so are retention and alarms. */
        private void compareClocks(RecoveryPoint point) {
            Instant now = clock.instant();
            String expected = "; the clock of this host is at " + now.truncatedTo(ChronoUnit.MILLIS)
                    + ": correct the clock that is wrong";
            if (point.made().isAfter(now.plus(CLOCK_TOLERANCE))) {
                findings.add("recovery point " + point.number() + " was made at " + point.made() + " by the clock of "
                        + point.host() + expected);
            }
            for (Attachment attachment : point.attachments()) {
                if (attachment.taken().isAfter(now.plus(CLOCK_TOLERANCE))) {
                    findings.add("the " + attachment.kind().label() + " of recovery point " + point.number()
                            + " was read at " + attachment.taken() + expected);
                }
            }
        }

        /**
         * Order matters: {@code after} is durable before the source is opened, and {@code upTo} is read after the content is
         * fixed. The engine commits to the database only after the record is durable, so the content is never ahead of the
         * log.
         */
        void capture(Kind kind) throws IOException {
            progress.onKind(kind);
            long after = points.archive().archivedSequence();
            try (Source source = Source.open(profile, kind)) {
                long atOpen = source.isSnapshot() ? Math.max(after, log.lastSequence()) : 0;
                for (Content content : source.contents()) {
                    findings.addAll(content.findings());
                    refuseAhead(content, atOpen);
                    if (isStored(content)) {
                        unchanged.add(content.kind());
                        continue;
                    }
                    Attachment.Builder attachment = store(content, after, atOpen);
                    long upTo = source.isSnapshot() ? atOpen : Math.max(after, log.lastSequence());
                    stored.put(
                            content.kind(),
                            attachment.bracket(new Bracket(after, upTo)).build());
                }
            }
        }

        /** Found before the dump: a bracket that does not contain the database is not one. */
        private void refuseAhead(Content content, long lastSequence) {
            OptionalLong applied =
                    content.database().map(DatabaseFacts::applied).orElse(OptionalLong.empty());
            if (applied.isPresent() && applied.getAsLong() > lastSequence) {
                throw new BackupRefusedException(
                        Reason.DATABASE_AHEAD,
                        "the database has applied record " + applied.getAsLong()
                                + " (database.applied-query), and the log ends at record " + lastSequence
                                + ": the query or the log is another one, or the engine commits before its record is"
                                + " durable");
            }
        }

        private boolean isStored(Content content) throws IOException {
            Optional<Attachment> before = newest.flatMap(point -> point.attachment(content.kind()));
            if (before.isEmpty()
                    || !content.isRepeatable()
                    || !before.get().recipients().equals(sender.recipients())
                    || !before.get().signer().equals(sender.signer())
                    || !before.get().roots().equals(content.roots())) {
                return false;
            }
            Mac mac = state.contentMac();
            content.writeTo(OutputStream.nullOutputStream(), mac);
            return before.get().contentMac().equals(HexFormat.of().formatHex(mac.doFinal())) && isWhole(before.get());
        }

        /** The store may have lost an unchanged attachment: naming it again would make a point that cannot be recovered. */
        private boolean isWhole(Attachment before) throws IOException {
            Optional<String> problem = points.problem(before);
            problem.ifPresent(what -> findings.add(
                    "the " + before.kind().label() + " was not changed, but the store has" + " lost a part of it ("
                            + what + "): it is stored again. Check who deletes from the store"));
            return problem.isEmpty();
        }

        private Attachment.Builder store(Content content, long after, long atOpen) throws IOException {
            Kind kind = content.kind();
            byte[] random = new byte[16];
            new SecureRandom().nextBytes(random);
            String id = HexFormat.of().formatHex(random);
            Attachment.Builder attachment = Attachment.builder(kind, id)
                    .taken(clock.instant().truncatedTo(ChronoUnit.MILLIS))
                    .bracket(new Bracket(after, Math.max(after, atOpen)))
                    .firstPoint(newest.map(RecoveryPoint::number).orElse(0L) + 1)
                    .roots(content.roots())
                    .recipients(sender.recipients())
                    .signer(sender.signer());
            Mac mac = state.contentMac();
            try (ChunkWriter chunks = new ChunkWriter(
                            store, index -> Attachment.chunkKey(kind, id, index), spool.file(id), chunkBytes);
                    OpenPgp.EncryptingStream encrypted =
                            sender.encrypt(chunks, attachment.build().contentName(logId));
                    Counted plain = new Counted(encrypted, count -> progress.onBytes(kind, count))) {
                content.writeTo(plain, mac);
                // Only after everything was written: a failure before leaves a message that no reader accepts.
                encrypted.finish();
                attachment.chunks(chunks.finish()).plainBytes(plain.bytes);
            }
            content.database().ifPresent(attachment::database);
            return attachment.contentMac(HexFormat.of().formatHex(mac.doFinal()));
        }

        Optional<RecoveryPoint> put() throws IOException {
            if (stored.isEmpty()) {
                return Optional.empty();
            }
            RecoveryPoint point = points.put(logId, newest, stored);
            findings.addAll(points.findings());
            // Order matters: after the point was put. Retention that does not see the point is seen here.
            PointNeeds.problem(store, point).ifPresent(findings::add);
            return Optional.of(point);
        }

        /** Returns the kinds of which the point names the attachment of this run. */
        Set<Kind> named(Optional<RecoveryPoint> point) {
            Set<Kind> named = EnumSet.noneOf(Kind.class);
            for (Attachment attachment : point.map(RecoveryPoint::attachments).orElse(List.of())) {
                Attachment ours = stored.get(attachment.kind());
                if (ours != null && ours.id().equals(attachment.id())) {
                    named.add(attachment.kind());
                }
            }
            return named;
        }
    }

    private static final class Counted extends FilterOutputStream {
        private static final long REPORT_BYTES = 1024 * 1024;

        private final LongConsumer report;
        private long bytes;
        private long reported;

        Counted(OutputStream out, LongConsumer report) {
            super(out);
            this.report = report;
        }

        @Override
        public void write(byte[] source, int from, int length) throws IOException {
            out.write(source, from, length);
            bytes += length;
            if (bytes - reported >= REPORT_BYTES) {
                reported = bytes;
                report.accept(bytes);
            }
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            bytes++;
        }
    }

    static String slotKey(long slot) {
        return "ship/" + String.format(Locale.ROOT, "%020d", slot);
    }

    static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }
}
