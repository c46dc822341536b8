package io.veloz.wal.ops;

import io.veloz.wal.WalException;
import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RetentionRefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The tool with all its commands. For one run. Not thread-safe. */
@Command(
        name = "veloz-wal",
        description = {
            "Inspects, reads, archives, restores, salvages and tests order logs, and imports the engine's old logs. Backs up"
                    + " and recovers the whole engine: log, configuration, secrets, database and Vault.",
            "",
            "inspect, verify, dump, orders, history, legacy-orders and status are read-only: they can run at any time, even while the"
                    + " engine writes the log, and never change a file in its directory."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExit codes:%n",
        footer = {
            "  0   no problem",
            "  1   warning: there are findings, but no acknowledged data is lost",
            "  2   the log or its archive is damaged, or the command failed",
            "  3   fenced: another writer has taken over the archive",
            "  4   refused: not possible for this log, archive or directory; nothing was changed",
            "  5   the archive's store cannot be reached: retry later",
            "  64  the command line is invalid",
            "",
            "First steps after a problem: `veloz-wal verify DIR` shows the damage. `veloz-wal restore URI NEW_DIR` restores the"
                    + " archived records; without an archive, `veloz-wal salvage DIR NEW_DIR` copies all readable records."
                    + " Help for a command: `veloz-wal COMMAND --help`."
        })
final class Tool {
    private static final int HELP_COLUMNS = 100;

    /** The command line options for the API methods that messages of the library refer to. */
    private static final Map<String, String> OPTION_NAMES = Map.of(
            "set the changes aside explicitly", "use --set-aside-changes",
            "leave the database out", "use --without-database",
            "with merge", "with --merge",
            "acceptGaps", "--accept-gaps",
            "SpoolPolicy.giveUpOldest", "--declare-gaps",
            "discard the local log explicitly", "use --discard-local-log",
            "resume it, roll it back, or clean it up first",
                    "run `recover` with --resume, --roll-back or --clean-up first",
            "resume it or roll it back", "run `recover` with --resume or --roll-back",
            "correct the cause and resume, or roll back",
                    "correct the cause and run `recover --resume --start`, or `recover --roll-back`",
            "let the recovery create them without passwords",
                    "let the recovery create them without passwords with --create-roles");

    private final Streams streams;
    private final CommandLine line;

    Tool(Streams streams) {
        this.streams = streams;
        this.line = new CommandLine(this)
                .addSubcommand(new InspectCommand(streams))
                .addSubcommand(new VerifyCommand(streams))
                .addSubcommand(new DumpCommand(streams))
                .addSubcommand(new OrdersCommand(streams))
                .addSubcommand(new HistoryCommand(streams))
                .addSubcommand(new IndexCommand(streams))
                .addSubcommand(new LegacyOrdersCommand(streams))
                .addSubcommand(new ImportCommand(streams))
                .addSubcommand(new SalvageCommand(streams))
                .addSubcommand(new ShipCommand(streams))
                .addSubcommand(new FollowCommand(streams))
                .addSubcommand(new RestoreCommand(streams))
                .addSubcommand(new RepairCommand(streams))
                .addSubcommand(new DivergenceCommand(streams))
                .addSubcommand(new StatusCommand(streams))
                .addSubcommand(new ProbeCommand(streams))
                .addSubcommand(new DoctorCommand(streams))
                .addSubcommand(new StressCommand(streams))
                .addSubcommand(new BackupCommand(streams))
                .addSubcommand(BackupCommand.single(streams, "backup-config", Set.of(Kind.CONFIGURATION)))
                .addSubcommand(BackupCommand.single(streams, "backup-secrets", Set.of(Kind.SECRETS)))
                .addSubcommand(BackupCommand.single(streams, "backup-database", Set.of(Kind.DATABASE)))
                .addSubcommand(BackupCommand.single(streams, "backup-vault", Set.of(Kind.VAULT)))
                .addSubcommand(new RecoverCommand(streams))
                .addSubcommand(RecoverCommand.single(streams, "recover-config", Set.of(Kind.CONFIGURATION)))
                .addSubcommand(RecoverCommand.single(streams, "recover-secrets", Set.of(Kind.SECRETS)))
                .addSubcommand(RecoverCommand.single(streams, "recover-database", Set.of(Kind.DATABASE)))
                .addSubcommand(RecoverCommand.single(streams, "recover-vault", Set.of(Kind.VAULT)))
                .addSubcommand(RecoverCommand.single(streams, "recover-log", Set.of()))
                .addSubcommand(new DrillCommand(streams))
                .addSubcommand(new AssessCommand(streams))
                .addSubcommand(new PointsCommand(streams))
                .addSubcommand(new RetentionCommand(streams))
                .addSubcommand(new HoldCommand(streams))
                .addSubcommand(new KeysCommand(streams))
                .addSubcommand(new ScheduleCommand(streams))
                .addSubcommand(new CompletionCommand(streams))
                .addSubcommand(new CommandLine.HelpCommand())
                .setUsageHelpWidth(HELP_COLUMNS)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setOut(writer(streams.standardOutput()))
                .setErr(writer(streams.err()))
                .setParameterExceptionHandler((problem, args) -> usage(problem))
                .setExecutionExceptionHandler((problem, command, parsed) -> failed(problem, wantsJson(parsed)));
    }

    private static PrintWriter writer(OutputStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /** Parses a command line, and runs nothing. Throws {@link ParameterException} if it is not valid. */
    void parse(String... args) {
        line.parseArgs(args);
    }

    /** Runs one command and returns its exit code. Never throws. */
    int run(String... args) {
        if (args.length == 0) {
            line.usage(line.getErr());
            return ExitCode.USAGE;
        }
        try {
            return execute(args);
        } catch (Error e) {
            // The JVM would exit with 1, which states that there are findings and nothing is lost.
            String text = e instanceof OutOfMemoryError
                    ? "memory ran out (" + e.getMessage()
                            + "); run it with a larger heap: java -Xmx4g -jar veloz-wal.jar"
                    : "internal error, please report it: " + e;
            return failed(new CommandFailure(text), Arrays.asList(args).contains("--json"));
        }
    }

    private int execute(String... args) {
        int code = line.execute(args);
        try {
            streams.out().flush();
            return code;
        } catch (ClosedOutputException e) {
            return code;
        } catch (UncheckedIOException e) {
            return failed(e, false);
        }
    }

    private static boolean wantsJson(ParseResult parsed) {
        ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
        return command.hasMatchedOption("--json");
    }

    private int usage(ParameterException problem) {
        CommandSpec command = problem.getCommandLine().getCommandSpec();
        streams.error(String.valueOf(problem.getMessage()));
        suggest(problem);
        streams.err().println("Try '" + command.qualifiedName() + " --help'.");
        return ExitCode.USAGE;
    }

    private void suggest(ParameterException problem) {
        if (problem instanceof UnmatchedArgumentException unmatched) {
            List<String> similar = unmatched.getSuggestions();
            if (!similar.isEmpty()) {
                streams.err().println("Did you mean: " + String.join(", ", similar) + "?");
            }
        }
    }

    /** Flushes the output of the command before it prints the error. */
    private int failed(Exception problem, boolean json) {
        if (problem instanceof ClosedOutputException) {
            return ExitCode.OK;
        }
        try {
            if (json) {
                ErrorJson.write(problem, text(problem), streams.out());
            }
            streams.out().flush();
        } catch (ClosedOutputException | UncheckedIOException e) {
            problem.addSuppressed(e);
        }
        streams.error(text(problem));
        return ExitCode.of(problem);
    }

    /** Returns the message for an exception. */
    static String text(Exception problem) {
        boolean known = problem instanceof WalException
                || problem instanceof CommandFailure
                || problem instanceof BackupRefusedException
                || problem instanceof RecoveryException
                || problem instanceof RetentionRefusedException
                || problem instanceof ArchiveCareException
                || problem instanceof ArchiveFollowException
                || problem instanceof IOException
                || problem instanceof UncheckedIOException
                || problem instanceof IllegalArgumentException;
        if (problem instanceof FileSystemException file && file.getReason() == null) {
            // Its message is only the name of the file.
            return file.getClass().getSimpleName() + ": " + file.getMessage();
        }
        // Messages of the library refer to methods of its API; on the command line, these are options.
        return known
                ? withOptionNames(String.valueOf(problem.getMessage()))
                : "internal error, please report it: " + problem;
    }

    private static String withOptionNames(String message) {
        String text = message;
        for (Map.Entry<String, String> name : OPTION_NAMES.entrySet()) {
            text = text.replace(name.getKey(), name.getValue());
        }
        return text;
    }

    /** The version of the build. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            Properties properties = new Properties();
            try (InputStream file = Tool.class.getResourceAsStream("version.properties")) {
                if (file != null) {
                    properties.load(file);
                }
            }
            return new String[] {"veloz-wal " + properties.getProperty("version", "unknown")};
        }
    }
}
