package io.veloz.wal.backup;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.DrillReceipt.Result;
import io.veloz.wal.backup.internal.drill.DrillDatabase;
import io.veloz.wal.backup.internal.drill.DrillDirectory;
import io.veloz.wal.backup.internal.drill.DrillEngine;
import io.veloz.wal.backup.internal.drill.DrillGuard;
import io.veloz.wal.backup.internal.drill.ReceiptJson;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.AttachmentReader;
import io.veloz.wal.backup.internal.recovery.LogPart;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import io.veloz.wal.backup.internal.recovery.Part.Gate;
import io.veloz.wal.backup.internal.tree.TreeExtract;
import io.veloz.wal.backup.internal.vault.VaultImport;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Recovers a whole engine next to production, compares it with the recovery point, and puts a receipt into the archive. The
 * targets are made by the drill and removed at its end, also after a failure: a directory, a PostgreSQL server with a cluster
 * of its own, a log that is never shipped, an engine on a port of the loopback interface. It is not possible to name others.
 *
 * <p>A drill changes nothing but its directory and {@code receipts/}. If a signal ends the JVM, or an interrupt the calling
 * thread, the drill ends its server and its engine and removes its directory. Not thread-safe.
 *
 * <table>
 * <caption>Ends</caption>
 * <tr><td>a check fails, or a part of the drill throws</td><td>receipt FAILED, the other checks are made</td></tr>
 * <tr><td>the store or a program is not available</td><td>receipt INCONCLUSIVE</td></tr>
 * <tr><td>interrupt of the thread</td><td>receipt INCONCLUSIVE; nothing runs, no directory; the thread is interrupted</td></tr>
 * <tr><td>SIGINT, SIGTERM</td><td>perhaps a receipt INCONCLUSIVE; nothing runs, no directory</td></tr>
 * <tr><td>SIGKILL, power</td><td>no receipt; the directory, and after SIGKILL what ran in it. The next drill refuses the
 * directory</td></tr>
 * </table>
 */
public final class Drill {
    private static final DateTimeFormatter UTC =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final Profile profile;
    private final Clock clock;

    public Drill(BackupProfile profile) {
        this(profile, Clock.systemUTC());
    }

    Drill(BackupProfile profile, Clock clock) {
        this.profile = profile.settings();
        this.clock = clock;
    }

    /**
     * Runs the drill. Returns its receipt, which is in the archive unless its last check states otherwise.
     *
     * @param uri of the archive, for the restore of the log
     * @param store of the same archive; the caller closes it
     * @param progress an exception from it fails the check that is being made
     * @throws IllegalArgumentException if the directory is not empty, or overlaps with a place of production
     * @throws IOException if the directory cannot be used
     */
    public DrillReceipt run(
            ObjectStore store, String uri, DrillOptions options, RecoveryKeys keys, RecoveryProgress progress)
            throws IOException {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        DrillReceipt.Builder receipt = new DrillReceipt.Builder(
                HexFormat.of().formatHex(random),
                clock.instant().truncatedTo(ChronoUnit.MILLIS),
                Backup.host(),
                System.getProperty("user.name", "unknown"));
        receipt.version("java", Runtime.version().toString());
        DrillGuard guard = DrillGuard.of(DrillDirectory.create(options.directory(), profile, options.keeps()));
        try {
            new Run(store, uri, options, keys, progress, receipt, guard).run();
        } finally {
            remove(guard, receipt);
        }
        return stored(store, receipt);
    }

    private static void remove(DrillGuard guard, DrillReceipt.Builder receipt) {
        try {
            guard.close();
        } catch (IOException | RuntimeException e) {
            receipt.check(
                    "directory of the drill is removed",
                    Result.FAILED,
                    guard.directory().path() + " has decrypted files, remove it: " + DrillFailure.describe(e));
        }
    }

    /** A receipt that cannot be stored is not counted by others, so the drill proves nothing to them. */
    private static DrillReceipt stored(ObjectStore store, DrillReceipt.Builder builder) {
        DrillReceipt receipt = builder.build();
        String key = String.format(
                Locale.ROOT, "receipts/%020d_%s_%s", receipt.point(), UTC.format(receipt.begun()), receipt.id());
        // An interrupt would prevent the request; it is for the caller.
        boolean interrupted = Thread.interrupted();
        try {
            store.putIfAbsent(key, ObjectContent.of(ReceiptJson.write(receipt)));
            return receipt;
        } catch (IOException | RuntimeException e) {
            builder.check("receipt is stored", Result.INCONCLUSIVE, DrillFailure.describe(e));
            return builder.build();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** One line of the checklist; it returns what was compared. */
    private interface Check {
        String run() throws IOException;
    }

    /** One drill. */
    private final class Run {
        private final ObjectStore store;
        private final String uri;
        private final DrillOptions options;
        private final RecoveryKeys keys;
        private final RecoveryProgress progress;
        private final DrillReceipt.Builder receipt;
        private final DrillGuard guard;
        private final DrillDirectory directory;
        private @Nullable Replayed replayed;

        Run(
                ObjectStore store,
                String uri,
                DrillOptions options,
                RecoveryKeys keys,
                RecoveryProgress progress,
                DrillReceipt.Builder receipt,
                DrillGuard guard) {
            this.store = store;
            this.uri = uri;
            this.options = options;
            this.keys = keys;
            this.progress = progress;
            this.receipt = receipt;
            this.guard = guard;
            this.directory = guard.directory();
        }

        void run() {
            RecoveryPoint[] chosen = new RecoveryPoint[1];
            boolean found = check("recovery point is found and proven", () -> {
                chosen[0] = ChosenPoint.find(store, options.point(), Optional.empty());
                receipt.point(chosen[0]);
                return "point " + chosen[0].number() + " of " + chosen[0].made();
            });
            if (!found) {
                return;
            }
            RecoveryPoint point = chosen[0];
            AttachmentReader[] reader = new AttachmentReader[1];
            boolean readable = check("keys can be used", () -> {
                OpenPgp.Receiver receiver = OpenPgp.Receiver.read(
                        keys.privateKey(),
                        keys.passphraseFile().orElse(null),
                        keys.signerCertificate(),
                        profile.keys().signerFingerprint());
                reader[0] = new AttachmentReader(
                        store,
                        point,
                        Optional.of(receiver),
                        (attachment, bytes) ->
                                progress.onBytes(attachment.kind().label(), bytes, 2 * attachment.storedBytes()));
                return "private key and certificate of the signer";
            });
            restoreLog(point);
            if (readable) {
                for (Attachment attachment : point.attachments().stream()
                        .sorted(Comparator.comparing(Attachment::kind))
                        .toList()) {
                    attachment(attachment, point, reader[0]);
                }
            }
            startEngine();
        }

        /** Makes one check. No exception of it prevents the receipt. */
        private boolean check(String name, Check check) {
            if (guard.isEnded()) {
                receipt.check(name, Result.INCONCLUSIVE, "not tried: the drill was interrupted");
                return false;
            }
            long started = System.nanoTime();
            Result result = Result.PASSED;
            String detail;
            try {
                progress.onStep(name);
                detail = check.run();
            } catch (IOException | RuntimeException e) {
                boolean inconclusive = guard.isEnded() || DrillFailure.isUnavailable(e);
                result = inconclusive ? Result.INCONCLUSIVE : Result.FAILED;
                detail = guard.isEnded() ? "the drill was interrupted" : DrillFailure.describe(e);
            }
            receipt.took(name, Duration.ofNanos(System.nanoTime() - started));
            receipt.check(name, result, detail);
            return result == Result.PASSED;
        }

        // ---- the checklist

        private void restoreLog(RecoveryPoint point) {
            Path log = directory.log();
            boolean restored = check("log is restored and complete", () -> {
                RestoreOptions restore = RestoreOptions.into(log)
                        .expectedLogId(point.logId())
                        .progress((stage, done, total) -> progress.onBytes("log", done, total));
                for (Map.Entry<String, String> setting : options.storeSettings().entrySet()) {
                    restore = restore.storeSetting(setting.getKey(), setting.getValue());
                }
                RestoreReport report =
                        WalRecovery.restoreFrom(uri, point.upTo() > 0 ? restore.atLeast(point.upTo()) : restore);
                return "records " + report.firstSequence() + " to " + report.lastSequence() + "; the point needs "
                        + point.upTo();
            });
            if (restored) {
                check("log replays", () -> {
                    replayed = LogPart.replay(ReadOptions.of(log).prefix(prefix()));
                    receipt.log(replayed.lastSequence(), replayed.lastRecord());
                    return replayed.orders().store().count() + " orders after record " + replayed.lastSequence();
                });
            }
        }

        private String prefix() {
            return profile.engine().map(EngineSettings::logPrefix).orElse("orders");
        }

        private void attachment(Attachment attachment, RecoveryPoint point, AttachmentReader reader) {
            switch (attachment.kind()) {
                case CONFIGURATION -> check("configuration is present", () -> unpack(attachment, reader));
                case SECRETS -> check("secrets are decrypted", () -> unpack(attachment, reader));
                case VAULT -> check("Vault export is complete", () -> countSecrets(reader));
                case ROLES -> {
                    // Restored together with the database.
                }
                case DATABASE -> database(attachment, point, reader);
            }
        }

        private String unpack(Attachment attachment, AttachmentReader reader) throws IOException {
            Path files = directory.files();
            Map<Path, Path> targets = new LinkedHashMap<>();
            for (String root : attachment.roots()) {
                Path target = files.resolve(root.substring(1));
                Files.createDirectories(target.getParent());
                targets.put(Path.of(root), target);
            }
            List<String> findings = new ArrayList<>();
            reader.read(attachment.kind(), plain -> findings.addAll(TreeExtract.extract(plain, targets)));
            return attachment.plainBytes() + " bytes of " + attachment.roots()
                    + (findings.isEmpty() ? "" : "; " + findings.size() + " owners could not be set");
        }

        private String countSecrets(AttachmentReader reader) throws IOException {
            int[] secrets = new int[1];
            reader.read(Kind.VAULT, plain -> secrets[0] = VaultImport.check(plain));
            return secrets[0] + " secrets";
        }

        private void database(Attachment attachment, RecoveryPoint point, AttachmentReader reader) {
            check("database is accessible and equal", () -> {
                Path programs = DrillDatabase.programs(profile, attachment)
                        .orElseThrow(() -> new DrillFailure(DrillDatabase.missingPrograms(attachment)));
                try (DrillDatabase database = DrillDatabase.start(programs, profile, attachment, guard)) {
                    receipt.version("PostgreSQL server of the dump", database.dumpedVersion());
                    receipt.version("PostgreSQL server of the drill", database.version());
                    if (point.attachment(Kind.ROLES).isPresent()) {
                        reader.read(Kind.ROLES, database::createRoles);
                    }
                    reader.read(Kind.DATABASE, database::restore);
                    return database.compare();
                }
            });
        }

        private void startEngine() {
            List<String> names = List.of(
                    "engine starts",
                    "/health/ready answers",
                    "/api/orders_state equals the replayed orders",
                    "/metrics shows the last record");
            List<String> command = profile.drill().engine();
            Replayed expected = replayed;
            if (expected == null || command.isEmpty()) {
                String why = command.isEmpty()
                        ? "drill.engine is not in the profile, so no engine was started"
                        : "there is no log to start it on";
                names.forEach(name -> receipt.check(name, Result.INCONCLUSIVE, why));
                return;
            }
            Duration timeout =
                    profile.engine().map(settings -> settings.startTimeout()).orElse(Duration.ofMinutes(2));
            check(names.get(0), () -> {
                try (DrillEngine engine = DrillEngine.start(command, guard, prefix(), timeout)) {
                    for (Gate gate : engine.verify(expected)) {
                        receipt.check(gate.name(), gate.passed() ? Result.PASSED : Result.FAILED, gate.detail());
                    }
                    return "as a process of its own";
                }
            });
        }
    }
}
