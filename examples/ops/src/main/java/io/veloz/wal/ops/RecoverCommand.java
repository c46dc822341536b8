package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.Recovery;
import io.veloz.wal.backup.RecoveryKeys;
import io.veloz.wal.backup.RecoveryOptions;
import io.veloz.wal.backup.RecoveryPlan;
import io.veloz.wal.backup.RecoveryReport;
import java.io.IOException;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code recover}, and {@code recover-config} and the like for one part: brings the engine back from a recovery point. */
@Command(
        name = "recover",
        description = {
            "Recovers the engine from a recovery point: secrets, configuration, database, Vault, and the log up to its end.",
            "",
            "Prints the plan first; --plan stops there. Then everything is fetched, verified, decrypted and prepared next to"
                    + " its place, and compared with the point. Only when all conditions are met is it put in place, by steps"
                    + " that are recorded: after an interruption, --resume completes them and --roll-back undoes them."
                    + " What was in place before is kept until --clean-up. The engine must be stopped."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal recover --profile backup.properties --key offline.key --signer signer.asc --plan",
            "  veloz-wal recover --profile backup.properties --key offline.key --signer signer.asc --start",
            "  veloz-wal recover --profile backup.properties --key ... --signer ... --point 12",
            "  veloz-wal recover --resume --start --profile backup.properties",
            "  veloz-wal recover --roll-back --profile backup.properties",
            "  veloz-wal recover --clean-up --profile backup.properties",
            "",
            "  0   recovered; with --plan: can be recovered",
            "  1   as 0, with findings to correct",
            "  2   failed: damaged attachments, an interrupted switch, or an engine whose state differs",
            "  4   refused: a condition is not met; nothing in place has changed",
            "  5   the store cannot be reached: run it again later",
            "  64  usage"
        })
final class RecoverCommand implements Callable<Integer> {
    /** The options that are of use after the switch. */
    private static final Set<String> AFTER = Set.of("--profile", "--json");

    private static final Set<String> AFTERWARDS = Set.of("--set-aside-changes", "--without-database");
    private static final Set<String> KEY_OPTIONS = Set.of("--key", "--passphrase-file", "--signer");
    private static final Set<String> LOG_OPTIONS = Set.of("--log-to-the-point", "--discard-local-log");

    private final Streams streams;
    private final @Nullable Set<Kind> fixed;

    @Mixin
    private ProfileArguments profile = new ProfileArguments();

    @Mixin
    private KeyArguments keyArguments = new KeyArguments();

    @Option(
            names = "--kinds",
            paramLabel = "KIND",
            split = ",",
            converter = KindConverter.class,
            description = "Kinds to recover: " + KindConverter.LIST + ". Default: all of the profile.")
    private @Nullable Set<Kind> kinds;

    @Option(names = "--no-log", description = "Leave the log as it is. Default: it is restored from its archive.")
    private boolean noLog;

    @ArgGroup(exclusive = true)
    private @Nullable Which which;

    /** Which point. */
    static final class Which {
        @Option(names = "--point", paramLabel = "N", description = "Recover from point N. Default: the newest point.")
        private @Nullable Long point;

        @Option(
                names = "--until-time",
                paramLabel = "T",
                converter = Quantities.Moment.class,
                description = "Recover from the newest point that was made until a time: 2026-11-22T14:30:00Z, or"
                        + " nanoseconds since 1970.")
        private @Nullable Long untilTime;

        private RecoveryOptions applyTo(RecoveryOptions options) {
            if (point != null) {
                return options.point(point);
            }
            return untilTime == null ? options : options.untilTime(Instant.ofEpochSecond(0, untilTime));
        }
    }

    @Option(
            names = "--log-to-the-point",
            description =
                    "End the log with the last record that the point needs, and give up all later ones. The result is"
                            + " a new log, to be shipped to a new archive. Default: restore the log up to its end.")
    private boolean logToThePoint;

    @Option(
            names = "--discard-local-log",
            description =
                    "Set the existing log aside, even if it has records that are not archived. Default: they are kept.")
    private boolean discardLocalLog;

    @Option(
            names = "--create-roles",
            description = "Create missing roles of the database, without passwords. Default: refuse.")
    private boolean createRoles;

    @Option(names = "--plan", description = "Print the plan; change nothing. Needs no keys.")
    private boolean planOnly;

    @Option(
            names = "--start",
            description = "Start the engine last, by engine.start of the profile, and compare its state with the log.")
    private boolean start;

    @Option(
            names = "--go-live",
            description = "As --start, and make the engine accept orders. Reconcile with the venue first.")
    private boolean goLive;

    @Option(
            names = "--resume",
            description =
                    "Complete the interrupted switch of an earlier run; with --start or --go-live, start the engine.")
    private boolean resume;

    @Option(
            names = "--roll-back",
            description = "Put back what was in place before an earlier run, and set aside what it had put in place."
                    + " Refused if the engine has written to the recovered log, unless --set-aside-changes.")
    private boolean rollBack;

    @Option(
            names = "--set-aside-changes",
            description =
                    "With --roll-back: also after the engine has written since the recovery. What it wrote is set aside.")
    private boolean setAsideChanges;

    @Option(
            names = "--without-database",
            description =
                    "With --resume, --roll-back or --clean-up: leave the database as it is, because its server or one of its"
                            + " databases is lost.")
    private boolean withoutDatabase;

    @Option(
            names = "--engine-is-down",
            description = "Continue although engine.url or engine.unit cannot be examined. Default: refuse.")
    private boolean engineIsDown;

    @Option(
            names = "--clean-up",
            description =
                    "Delete what an earlier run or its rollback has set aside, and what an interrupted run has staged.")
    private boolean cleanUp;

    @Option(names = "--json", description = "Print one JSON object, also if the recovery is refused.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    RecoverCommand(Streams streams) {
        this(streams, null);
    }

    private RecoverCommand(Streams streams, @Nullable Set<Kind> fixed) {
        this.streams = streams;
        this.fixed = fixed;
    }

    /** Returns the command for one kind, {@code recover-config} for example, or for the log alone if there is none. */
    static CommandLine single(Streams streams, String name, Set<Kind> kinds) {
        CommandLine line = new CommandLine(new RecoverCommand(streams, kinds));
        String description = kinds.isEmpty()
                ? "Recovers the log, and no kind. It is not encrypted, so no keys are needed."
                : "Recovers one kind, and not the log. The same as `recover --no-log --kinds " + KindNames.of(kinds)
                        + "`.";
        String example = kinds.isEmpty() ? "" : " --key offline.key --signer signer.asc";
        Set<String> without = new HashSet<>(Set.of("--kinds", "--no-log", "--resume", "--roll-back", "--clean-up"));
        without.addAll(AFTERWARDS);
        without.addAll(kinds.isEmpty() ? KEY_OPTIONS : LOG_OPTIONS);
        if (!kinds.contains(Kind.DATABASE)) {
            without.add("--create-roles");
        }
        SingleKind.adapt(line.getCommandSpec(), name, description, example, without);
        return line;
    }

    @Override
    public Integer call() throws IOException {
        requireConsistent();
        BackupProfile read = profile.read();
        try {
            return resume || rollBack || cleanUp ? complete(read) : recover(read);
        } catch (IllegalArgumentException e) {
            // The profile lacks a setting.
            throw new CommandFailure(ExitCode.REFUSED, String.valueOf(e.getMessage()));
        }
    }

    // ---- options

    private void requireConsistent() {
        if (resume || rollBack || cleanUp) {
            String action = resume ? "--resume" : rollBack ? "--roll-back" : "--clean-up";
            Set<String> useful = new HashSet<>(AFTER);
            useful.add(action);
            if (resume) {
                useful.addAll(List.of("--start", "--go-live"));
            }
            if (rollBack) {
                useful.add("--set-aside-changes");
            }
            if (resume || rollBack) {
                useful.add("--engine-is-down");
            }
            useful.add("--without-database");
            refuseOptions(name -> !useful.contains(name), action + " continues an earlier run");
        }
        if (!(resume || rollBack || cleanUp)) {
            refuseOptions(AFTERWARDS::contains, "a new recovery has nothing to roll back or to leave out");
        }
        if (noLog) {
            refuseOptions(LOG_OPTIONS::contains, "--no-log leaves the log as it is");
        }
        Set<Kind> requested = kinds;
        if (requested != null && !requested.contains(Kind.DATABASE) && !requested.contains(Kind.ROLES)) {
            refuseOptions("--create-roles"::equals, "--kinds excludes the database");
        }
    }

    private void refuseOptions(Predicate<String> contradicts, String why) {
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (contradicts.test(option.longestName())) {
                throw new ParameterException(
                        spec.commandLine(), why + ", and contradicts " + option.longestName() + ": remove one of them");
            }
        }
    }

    private RecoveryOptions options(BackupProfile read, String uri) {
        Set<Kind> wanted = EnumSet.noneOf(Kind.class);
        wanted.addAll(fixed != null ? fixed : kinds != null ? kinds : read.kinds());
        KindNames.requireIn(wanted, read);
        RecoveryOptions options = RecoveryOptions.of(wanted);
        if (fixed == null ? !noLog : fixed.isEmpty()) {
            if (read.logDirectory().isEmpty()) {
                throw new CommandFailure(
                        ExitCode.REFUSED,
                        read.file()
                                + " has no log.directory, so the log cannot be restored; --no-log recovers the rest");
            }
            options = options.log(uri, arguments.settings());
        }
        if (which != null) {
            options = which.applyTo(options);
        }
        options = logToThePoint ? options.logToThePoint() : options;
        options = discardLocalLog ? options.discardLocalLog() : options;
        options = createRoles ? options.createRoles() : options;
        return engine(options);
    }

    private RecoveryOptions engine(RecoveryOptions requested) {
        RecoveryOptions options = engineIsDown ? requested.engineIsDown() : requested;
        return goLive ? options.goLive() : start ? options.start() : options;
    }

    // ---- run

    private int recover(BackupProfile read) throws IOException {
        String uri = profile.uri(spec, read);
        try (ObjectStore store = arguments.open(spec, uri)) {
            RecoveryOptions options = options(read, uri);
            RecoveryKeys keys = planOnly || options.kinds().isEmpty() ? RecoveryKeys.none() : keyArguments.keys(spec);
            Recovery recovery = new Recovery(read);
            RecoveryPlan plan = recovery.plan(store, options);
            RecoveryText text = new RecoveryText(store.describe(), read.file(), plan);
            if (planOnly) {
                return text.plan(json, streams.out());
            }
            if (!json) {
                text.write(streams.out());
                streams.out().character('\n').flush();
            }
            RecoveryReport report;
            try (RecoveryBar bar = new RecoveryBar(streams)) {
                report = recovery.run(store, plan, keys, bar);
            }
            return text.report("RECOVERED", report, json, streams.out());
        }
    }

    /** Completes or undoes the recovery that is recorded in the state directory. */
    private int complete(BackupProfile read) throws IOException {
        Recovery recovery = new Recovery(read);
        RecoveryText text = new RecoveryText("", read.file(), null);
        if (resume) {
            RecoveryReport report;
            try (RecoveryBar bar = new RecoveryBar(streams)) {
                report = recovery.resume(engine(afterwards()), bar);
            }
            return text.report("RESUMED", report, json, streams.out());
        }
        if (rollBack) {
            RecoveryOptions options = engine(afterwards());
            List<String> setAside = recovery.rollBack(setAsideChanges ? options.setAsideChanges() : options);
            return text.done(
                    "ROLLED_BACK",
                    "rolled back: what was in place before the recovery is in place again",
                    "set aside",
                    setAside,
                    json,
                    streams.out());
        }
        List<String> deleted = recovery.cleanUp(afterwards());
        return text.done(
                "CLEANED_UP",
                deleted.isEmpty() ? "nothing to clean up" : "cleaned up",
                "deleted",
                deleted,
                json,
                streams.out());
    }

    private RecoveryOptions afterwards() {
        RecoveryOptions options = RecoveryOptions.of(Set.of());
        return withoutDatabase ? options.withoutDatabase() : options;
    }
}
