package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveCare;
import io.veloz.wal.archive.ArchiveComparison;
import io.veloz.wal.archive.ArchiveComparison.Relation;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code status}: prints the state of an archive, of a log, or of both. */
@Command(
        name = "status",
        description = {
            "Prints the records, the writer and the size of an archive; the records of a log; and, if both are given, by how"
                    + " many records the archive lags behind the log.",
            "",
            "Reads the slots of the archive and proves that they are complete. Does not read segments; use `verify --full` for"
                    + " that. Reads the same parts of a log as `inspect`. Read-only."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal status s3://bucket/orders",
            "  veloz-wal status s3://bucket/orders /var/lib/veloz/wal --max-behind 10000",
            "",
            "  0   no problem",
            "  1   behind by more than --max-behind, or records are known to be lost, or a torn tail",
            "  2   log or archive is damaged, the log ends before its archive, the two diverged, or the command failed",
            "  4   refused: not an archive, or the archive of a different log",
            "  5   the store cannot be reached",
            "  64  usage"
        })
final class StatusCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(
            arity = "1..2",
            paramLabel = "URI|DIR",
            description = "URI of an archive (s3://bucket/prefix, file:///directory), directory of a log, or both.")
    private List<String> places = new ArrayList<>();

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Option(
            names = "--max-behind",
            paramLabel = "N",
            description = "With both: exit code 1 if the archive is behind by more than N records.")
    private @Nullable Long maxBehind;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    private @Nullable ArchiveCare care;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    StatusCommand(Streams streams) {
        this.streams = streams;
    }

    /** Reads the archive first: a concurrent append can then only increase the reported lag, never hide it. */
    @Override
    public Integer call() {
        String uri = one(places.stream().filter(StoreArguments::isUri).toList(), "URI");
        String directory = one(
                places.stream().filter(place -> !StoreArguments.isUri(place)).toList(), "DIR");
        if (maxBehind != null && (uri == null || directory == null)) {
            throw new ParameterException(spec.commandLine(), "--max-behind needs a URI and a DIR");
        }
        if (uri == null && !arguments.settings().isEmpty()) {
            throw new ParameterException(spec.commandLine(), "the store options require a URI");
        }
        ArchiveStatus archive = uri == null ? null : archive(uri);
        RecoveryReport log = directory == null ? null : log(directory);
        if (archive != null && log != null && !archive.logId().equals(log.logId())) {
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    archive.archive() + " is the archive of log " + archive.logId() + ", but " + directory
                            + " contains log " + log.logId());
        }
        ArchiveComparison comparison = uri == null || directory == null ? null : compare(uri, directory);
        return json ? writeJson(archive, log, comparison) : writeText(archive, log, comparison);
    }

    private ArchiveComparison compare(String uri, String directory) {
        try (ObjectStore store = arguments.open(spec, uri)) {
            return ArchiveComparison.of(store, LogFiles.of(DiskStorage.open(Path.of(directory)), prefix));
        }
    }

    private @Nullable String one(List<String> found, String what) {
        if (found.size() > 1) {
            throw new ParameterException(spec.commandLine(), "more than one " + what + "; expected one");
        }
        return found.isEmpty() ? null : found.get(0);
    }

    private ArchiveStatus archive(String uri) {
        try (ObjectStore store = arguments.open(spec, uri)) {
            ArchiveStatus status = ArchiveStatus.of(store);
            care = care(store);
            return status;
        }
    }

    /** Returns null if the last care record is damaged, which prevents no restore. */
    private @Nullable ArchiveCare care(ObjectStore store) {
        try {
            return ArchiveCare.of(store);
        } catch (WalRestoreException e) {
            if (e.reason() != WalRestoreException.Reason.DAMAGED) {
                throw e;
            }
            streams.warning(String.valueOf(e.getMessage()));
            return null;
        }
    }

    private RecoveryReport log(String directory) {
        Path path = Path.of(directory);
        LogDirectory.requireLog(path, prefix);
        return WalRecovery.inspect(ReadOptions.of(path).prefix(prefix));
    }

    private static long behind(ArchiveStatus archive, RecoveryReport log) {
        return Math.max(0, log.lastSequence() - archive.archivedSequence());
    }

    private int exitCode(
            @Nullable ArchiveStatus archive, @Nullable RecoveryReport log, @Nullable ArchiveComparison comparison) {
        int worst = log == null ? ExitCode.OK : Assessment.of(log, false).exitCode();
        if (comparison != null && !problem(comparison).isEmpty()) {
            return ExitCode.FAILED;
        }
        boolean tooFar = maxBehind != null && archive != null && log != null && behind(archive, log) > maxBehind;
        boolean hasGaps = archive != null && !archive.gaps().isEmpty();
        return tooFar || hasGaps ? Math.max(worst, ExitCode.WARNING) : worst;
    }

    /** Returns why the log must not be opened, and the next step; empty if it can be opened. */
    private static String problem(ArchiveComparison comparison) {
        return switch (comparison.relation()) {
            case BEHIND ->
                "the log ends with record " + Units.count(comparison.localSequence()) + ", "
                        + Units.count(comparison.records(), "record")
                        + " before its archive; do not start the engine:"
                        + " `veloz-wal restore --merge URI DIR` restores the missing records";
            case DIVERGED ->
                "log and archive differ from record " + Units.count(comparison.divergedFrom())
                        + " on; do not start the engine: `veloz-wal divergence DIR --against URI` shows these records and"
                        + " the next step";
            default -> "";
        };
    }

    // ---- text

    private int writeText(
            @Nullable ArchiveStatus archive, @Nullable RecoveryReport log, @Nullable ArchiveComparison comparison) {
        Output out = streams.out();
        if (archive != null) {
            ArchiveReportText.write(archive, out);
            if (care != null) {
                CareText.write(care, out);
            }
            archive.gaps().forEach(gap -> out.line("- " + gap));
        }
        if (archive != null && log != null) {
            out.character('\n');
        }
        if (log != null) {
            write(log, out);
        }
        if (archive != null && log != null) {
            Duration silent = Duration.between(archive.lastWritten(), Instant.now());
            out.character('\n');
            if (comparison != null && !problem(comparison).isEmpty()) {
                out.line("- " + problem(comparison));
                return exitCode(archive, log, comparison);
            }
            long behind = behind(archive, log);
            out.line("behind      " + (behind == 0 ? "nothing" : Units.count(behind, "record")) + "; last written "
                    + Units.count(Math.max(0, silent.toSeconds())) + " s ago");
        }
        return exitCode(archive, log, comparison);
    }

    private static void write(RecoveryReport log, Output out) {
        out.line("directory   " + log.directory());
        out.line("log         " + (log.logId().isEmpty() ? "not written yet" : log.logId()));
        out.line("records     " + (log.records() == 0 ? "none" : Units.range(log.firstSequence(), log.lastSequence())));
        out.line("segments    " + Units.count(log.segments().size()) + ", " + Units.bytes(dataBytes(log)) + " of data");
        Assessment.of(log, false).findings().forEach(finding -> out.line("- " + finding));
    }

    private static long dataBytes(RecoveryReport log) {
        return log.segments().stream().mapToLong(SegmentReport::dataBytes).sum();
    }

    // ---- JSON

    private int writeJson(
            @Nullable ArchiveStatus archive, @Nullable RecoveryReport log, @Nullable ArchiveComparison comparison) {
        int exitCode = exitCode(archive, log, comparison);
        Json to = new Json(streams.out()).object().field("exit_code", exitCode);
        if (archive != null) {
            to.name("archive").object();
            ArchiveReportText.write(to, archive);
            if (care != null) {
                CareText.write(to, care);
            }
            to.endObject();
        }
        if (log != null) {
            to.name("log").object().field("directory", log.directory()).field("log_id", log.logId());
            to.field("first_sequence", log.firstSequence()).field("last_sequence", log.lastSequence());
            to.field("records", log.records()).field("segments", log.segments().size());
            to.field("data_bytes", dataBytes(log)).field("is_sound", log.isSound());
            to.field("has_torn_tail", log.hasTornTail()).endObject();
        }
        if (archive != null && log != null) {
            to.field("behind_records", behind(archive, log));
        }
        if (comparison != null) {
            to.field("relation", comparison.relation().name());
            to.field("log_behind_records", comparison.relation() == Relation.BEHIND ? comparison.records() : 0);
            to.field("diverged_from", comparison.divergedFrom());
        }
        to.endObject();
        streams.out().character('\n');
        return exitCode;
    }
}
