package io.veloz.wal.backup;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupRefusedException.Reason;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.store.ChunkWriter;
import io.veloz.wal.backup.internal.store.Digests;
import io.veloz.wal.backup.internal.tree.TreeTar;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
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
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
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
    private static final Duration ARCHIVE_POLL = Duration.ofMillis(500);
    private static final Duration EXPIRES_SOON = Duration.ofDays(30);
    private static final int PUT_ATTEMPTS = 20;

    private final ObjectStore store;
    private final Profile profile;
    private final LogPosition log;
    private final Clock clock;
    private final Duration patience;
    private final int chunkBytes;

    /**
     * @param store of the archive; the caller closes it
     */
    public Backup(ObjectStore store, BackupProfile profile, LogPosition log) {
        this(store, profile, log, Clock.systemUTC(), Duration.ofSeconds(60), ChunkWriter.CHUNK_BYTES);
    }

    Backup(
            ObjectStore store,
            BackupProfile profile,
            LogPosition log,
            Clock clock,
            Duration patience,
            int chunkBytes) {
        this.store = store;
        this.profile = profile.settings();
        this.log = log;
        this.clock = clock;
        this.patience = patience;
        this.chunkBytes = chunkBytes;
    }

    /**
     * Reads the kinds, stores what has changed since the newest recovery point, and puts a new point, which names the other
     * kinds' attachments of the newest one again. Returns when the point is durable and the log is archived up to it, or
     * without a point if nothing has changed.
     *
     * @throws BackupRefusedException if no point was put; its reason says what to correct
     * @throws IOException if the store or a file failed; run it again
     */
    public BackupReport run(Set<Kind> kinds) throws IOException {
        Instant begin = clock.instant();
        if (kinds.isEmpty() || !profile.kinds().containsAll(kinds)) {
            throw new IllegalArgumentException("kinds " + kinds + ": the profile has " + profile.kinds());
        }
        refuseSecretsInConfiguration();
        OpenPgp.Sender sender = OpenPgp.Sender.read(profile.keys());
        StateDirectory state = StateDirectory.open(profile.stateDirectory());
        state.cleanSpool();
        String logId = archive().logId();
        Optional<PointChain.Stored> newest = newest(logId);
        List<String> findings = new ArrayList<>(keyFindings(sender));
        Map<Kind, Attachment> stored = new EnumMap<>(Kind.class);
        Set<Kind> unchanged = EnumSet.noneOf(Kind.class);
        for (Kind kind : EnumSet.copyOf(kinds)) {
            Capture capture = new Capture(kind, logId, sender, state);
            findings.addAll(capture.findings);
            @Nullable Attachment before =
                    newest.flatMap(point -> point.point().attachment(kind)).orElse(null);
            if (before != null && capture.isStoredAs(before)) {
                unchanged.add(kind);
            } else {
                stored.put(kind, capture.store(newest.map(point -> point.point().number()).orElse(0L) + 1));
            }
        }
        Optional<RecoveryPoint> point = stored.isEmpty() ? Optional.empty() : Optional.of(put(logId, stored));
        long bytes = stored.values().stream().mapToLong(Attachment::storedBytes).sum();
        return new BackupReport(
                point, stored.keySet(), unchanged, findings, bytes, Duration.between(begin, clock.instant()));
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

    private List<String> keyFindings(OpenPgp.Sender sender) {
        Instant expiry = sender.firstExpiry();
        return expiry != null && expiry.isBefore(clock.instant().plus(EXPIRES_SOON))
                ? List.of("a recipient's certificate expires at " + expiry + ": replace it before, or backups stop")
                : List.of();
    }

    private ArchiveStatus archive() {
        try {
            return ArchiveStatus.of(store);
        } catch (WalRestoreException e) {
            throw new BackupRefusedException(
                    Reason.ARCHIVE_UNUSABLE, "the log's archive cannot be read: " + e.getMessage(), e);
        }
    }

    private Optional<PointChain.Stored> newest(String logId) throws IOException {
        PointChain chain = new PointChain(store);
        try {
            Optional<PointChain.Stored> newest = chain.read(chain.newest());
            if (newest.isPresent() && !newest.get().point().logId().equals(logId)) {
                throw new BadPointException(store.describe() + ": the newest recovery point is of log "
                        + newest.get().point().logId() + "; the archive is of " + logId);
            }
            return newest;
        } catch (BadPointException e) {
            throw new BackupRefusedException(Reason.ARCHIVE_UNUSABLE, e.getMessage(), e);
        }
    }

    // ---- capture

    /** One kind, as it is now. */
    private final class Capture {
        private final Kind kind;
        private final String logId;
        private final OpenPgp.Sender sender;
        private final StateDirectory state;
        private final List<String> findings;
        private final long after;
        private TreeTar tar;
        private String contentMac;

        Capture(Kind kind, String logId, OpenPgp.Sender sender, StateDirectory state) throws IOException {
            this.kind = kind;
            this.logId = logId;
            this.sender = sender;
            this.state = state;
            this.after = log.durableSequence();
            this.tar = TreeTar.scan(profile.tree(kind));
            this.findings = kind == Kind.SECRETS ? tar.readableByOthers() : List.of();
            Mac mac = state.contentMac();
            tar.writeTo(OutputStream.nullOutputStream(), "", mac);
            this.contentMac = HexFormat.of().formatHex(mac.doFinal());
        }

        boolean isStoredAs(Attachment before) {
            return before.contentMac().equals(contentMac)
                    && before.recipients().equals(sender.recipients())
                    && before.signer().equals(sender.signer())
                    && before.roots().equals(roots());
        }

        private List<String> roots() {
            return profile.tree(kind).roots().stream().map(Path::toString).toList();
        }

        Attachment store(long firstPoint) throws IOException {
            byte[] random = new byte[16];
            new SecureRandom().nextBytes(random);
            String id = HexFormat.of().formatHex(random);
            Instant taken = clock.instant().truncatedTo(ChronoUnit.MILLIS);
            tar = TreeTar.scan(profile.tree(kind));
            Mac mac = state.contentMac();
            List<Attachment.Chunk> chunks;
            Counted plain;
            try (ChunkWriter chunkWriter =
                            new ChunkWriter(store, index -> key(id, index), state.spool(id), chunkBytes);
                    OpenPgp.EncryptingStream encrypted = sender.encrypt(chunkWriter)) {
                plain = new Counted(encrypted);
                tar.writeTo(plain, TreeTar.label(logId, kind, id), mac);
                // Only after everything was written: a failure before leaves a message that no reader accepts.
                encrypted.finish();
                chunks = chunkWriter.finish();
            }
            contentMac = HexFormat.of().formatHex(mac.doFinal());
            return Attachment.builder(kind, id)
                    .taken(taken)
                    .bracket(new Bracket(after, log.durableSequence()))
                    .firstPoint(firstPoint)
                    .plainBytes(plain.bytes)
                    .contentMac(contentMac)
                    .roots(roots())
                    .recipients(sender.recipients())
                    .signer(sender.signer())
                    .chunks(chunks)
                    .build();
        }

        private String key(String id, int index) {
            return Attachment.chunkKey(kind, id, index);
        }
    }

    private static final class Counted extends java.io.FilterOutputStream {
        private long bytes;

        Counted(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] source, int from, int length) throws IOException {
            out.write(source, from, length);
            bytes += length;
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            bytes++;
        }
    }

    // ---- the point

    private RecoveryPoint put(String logId, Map<Kind, Attachment> stored) throws IOException {
        long upTo = stored.values().stream()
                .mapToLong(attachment -> attachment.bracket().upTo())
                .max()
                .orElse(0);
        RecoveryPoint.Tip tip = awaitArchived(upTo);
        PointChain chain = new PointChain(store);
        for (int attempt = 0; attempt < PUT_ATTEMPTS; attempt++) {
            Optional<PointChain.Stored> newest = newest(logId);
            RecoveryPoint point = point(logId, newest, stored, tip);
            if (chain.put(point)) {
                return point;
            }
            // Another job took the number: its attachments are carried over.
        }
        throw new IOException(store.describe() + ": " + PUT_ATTEMPTS + " recovery points were put by other jobs meanwhile");
    }

    private RecoveryPoint point(
            String logId, Optional<PointChain.Stored> newest, Map<Kind, Attachment> stored, RecoveryPoint.Tip tip) {
        Map<Kind, Attachment> all = new EnumMap<>(Kind.class);
        newest.ifPresent(before -> before.point().attachments().forEach(attachment -> all.put(attachment.kind(), attachment)));
        stored.forEach((kind, attachment) -> all.merge(
                kind, attachment, (theirs, ours) -> theirs.taken().isAfter(ours.taken()) ? theirs : ours));
        return new RecoveryPoint(
                newest.map(before -> before.point().number()).orElse(0L) + 1,
                logId,
                newest.map(PointChain.Stored::sha256).orElse(PointChain.NO_POINT),
                clock.instant().truncatedTo(ChronoUnit.MILLIS),
                host(),
                tip,
                List.copyOf(all.values()));
    }

    /** The log is archived by its own shipper; this only waits for it. */
    private RecoveryPoint.Tip awaitArchived(long upTo) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            ArchiveStatus status = archive();
            if (status.archivedSequence() >= upTo) {
                return new RecoveryPoint.Tip(status.tip(), slotDigest(status.tip()), status.archivedSequence());
            }
            if (System.nanoTime() - end >= 0) {
                throw new BackupRefusedException(
                        Reason.LOG_NOT_ARCHIVED,
                        store.describe() + ": the log is archived up to record " + status.archivedSequence()
                                + " after " + patience.toSeconds() + " s; the backup needs " + upTo + ". Is the shipper running?");
            }
            LockSupport.parkNanos(this, ARCHIVE_POLL.toNanos());
        }
    }

    private String slotDigest(long slot) throws IOException {
        try (InputStream in = store.get(slotKey(slot))) {
            return Digests.of(in);
        }
    }

    static String slotKey(long slot) {
        return "ship/" + String.format(Locale.ROOT, "%020d", slot);
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }
}
