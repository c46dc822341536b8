package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.Backup;
import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.BackupReport;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.LogPosition;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code backup}, and {@code backup-config} and the like for one kind: makes a recovery point. */
@Command(
        name = "backup",
        description = {
            "Makes a recovery point: stores what has changed of the configuration, the secrets, the database and Vault,"
                    + " encrypted and signed, in the archive of the log, and binds it to a place in the log.",
            "",
            "Runs while the engine and its shipper run, as any user that can read the sources. It never writes the log's own"
                    + " part of the archive, so it cannot fence the shipper. A point exists only if everything is stored and"
                    + " the log is archived up to it; after a failure there is no new point, and nothing was deleted."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal backup --profile /etc/veloz-backup/backup.properties",
            "  veloz-wal backup s3://bucket/orders --profile backup.properties --kinds configuration,secrets",
            "  veloz-wal backup --profile backup.properties --if-changed     # every five minutes",
            "  veloz-wal backup --profile backup.properties --dry-run        # try keys, sources and archive",
            "",
            "  0   made, or nothing has changed",
            "  1   made, with findings to correct, such as a secret that others can read",
            "  2   failed: a file cannot be read, the store denies access",
            "  4   refused: the profile, a key, a source or the archive has to be corrected first",
            "  5   the store, the database, Vault or the log's archive was not available in time: run it again",
            "  64  usage"
        })
final class BackupCommand implements Callable<Integer> {
    private static final Set<Kind> ALWAYS_STORED = EnumSet.of(Kind.DATABASE, Kind.ROLES);

    private final Streams streams;
    private final @Nullable Set<Kind> fixed;

    @Mixin
    private ProfileArguments profile = new ProfileArguments();

    @Option(
            names = "--kinds",
            paramLabel = "KIND",
            split = ",",
            converter = KindConverter.class,
            description = "Kinds to back up: " + KindConverter.LIST + ". Default: all of the profile.")
    private @Nullable Set<Kind> kinds;

    @Option(
            names = "--if-changed",
            description =
                    "Back up only kinds that are compared with the newest point first, and stored only if they have"
                            + " changed: not the database.")
    private boolean ifChanged;

    @Option(
            names = "--dry-run",
            description = "Read, encrypt and sign everything, and print what would be stored; store nothing.")
    private boolean dryRun;

    @Option(
            names = "--log",
            paramLabel = "DIR",
            description = "Directory of the log. Required if the profile has no log.directory.")
    private @Nullable Path log;

    @Option(
            names = "--patience",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Maximum time to wait until the log is archived up to the point. Default: 60s.")
    private Duration patience = Duration.ofSeconds(60);

    @Mixin
    private MetricsArguments metrics = new MetricsArguments();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    BackupCommand(Streams streams) {
        this(streams, null);
    }

    private BackupCommand(Streams streams, @Nullable Set<Kind> fixed) {
        this.streams = streams;
        this.fixed = fixed;
    }

    /** Returns the command for one kind, {@code backup-config} for example. */
    static CommandLine single(Streams streams, String name, Set<Kind> kinds) {
        CommandLine line = new CommandLine(new BackupCommand(streams, kinds));
        SingleKind.adapt(
                line.getCommandSpec(),
                name,
                "Backs up one kind, and makes a recovery point with it and the other kinds of the newest point. The same as"
                        + " `backup --kinds " + KindNames.of(kinds) + "`.",
                "",
                Set.of("--kinds", "--if-changed"));
        return line;
    }

    @Override
    public Integer call() throws IOException {
        if (dryRun && metrics.isGiven()) {
            throw new ParameterException(
                    spec.commandLine(), "--dry-run contradicts --metrics-file: nothing is backed up");
        }
        BackupProfile read = profile.read();
        Set<Kind> wanted = kinds(read);
        String uri = profile.uri(spec, read);
        ReadOptions options = log(read);
        try (ObjectStore store = arguments.open(spec, uri)) {
            requireSameLog(store, options);
            BackupReport report = run(dryRun ? new DryRunStore(store) : store, read, wanted, options);
            if (json) {
                BackupText.writeJson(store.describe(), report, dryRun, streams.out());
            } else {
                BackupText.write(store.describe(), report, dryRun, streams.out());
            }
            boolean counted = dryRun || metrics.success(report, streams);
            return counted ? BackupText.exitCode(report) : ExitCode.WARNING;
        }
    }

    private BackupReport run(ObjectStore store, BackupProfile read, Set<Kind> wanted, ReadOptions options) {
        try (BackupBar bar = new BackupBar(streams)) {
            return new Backup(store, read, LogPosition.of(options), patience, bar).run(wanted);
        } catch (IOException e) {
            metrics.failure(wanted, e, streams);
            throw new CommandFailure(BackupExitCode.ofCapture(e), Tool.text(e));
        } catch (RuntimeException e) {
            metrics.failure(wanted, e, streams);
            throw e;
        }
    }

    private Set<Kind> kinds(BackupProfile read) {
        Set<Kind> requested = fixed == null ? kinds : fixed;
        Set<Kind> wanted = EnumSet.noneOf(Kind.class);
        wanted.addAll(requested == null ? read.kinds() : requested);
        KindNames.requireIn(wanted, read);
        if (!ifChanged) {
            return wanted;
        }
        if (requested != null && requested.stream().anyMatch(ALWAYS_STORED::contains)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--if-changed excludes the database, which is stored each time: remove one of them");
        }
        wanted.removeAll(ALWAYS_STORED);
        if (wanted.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--if-changed leaves nothing: the profile has only a database, which is stored each time");
        }
        return wanted;
    }

    private ReadOptions log(BackupProfile read) {
        if (log != null && read.logDirectory().isPresent()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--log contradicts log.directory of the profile, which is "
                            + read.logDirectory().get());
        }
        Path directory = log != null
                ? log
                : read.logDirectory()
                        .orElseThrow(() -> new ParameterException(
                                spec.commandLine(), "--log is missing: the profile has no log.directory"));
        return new LogArguments(directory, read.logPrefix()).options();
    }

    /** The position in one log means nothing in the archive of another. */
    private static void requireSameLog(ObjectStore store, ReadOptions options) {
        String archived;
        try {
            archived = ArchiveStatus.of(store).logId();
        } catch (WalRestoreException e) {
            // The backup reports it in its own terms.
            return;
        }
        RecoveryReport local = WalRecovery.inspect(options);
        if (!local.logId().equals(archived)) {
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    store.describe() + " is the archive of log " + archived + ", but " + local.directory()
                            + " contains log " + local.logId());
        }
    }
}
