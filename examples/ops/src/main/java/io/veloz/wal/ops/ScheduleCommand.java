package io.veloz.wal.ops;

import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.BackupSchedule;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code schedule}: prints the timers of the backups of a profile. */
@Command(
        name = "schedule",
        description = {
            "Prints systemd units, a crontab or a compose file that run the backups, the retention and the drill of a profile.",
            "",
            "All times are UTC. The texts contain paths, never secrets. With --output-directory, writes one file each, to be"
                    + " reviewed and installed by a person. A job that the profile has no settings for, such as a drill without"
                    + " drill.key, is left out, with a warning."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal schedule cron --profile /etc/veloz-backup/backup.properties",
            "  veloz-wal schedule systemd --profile backup.properties --output-directory units",
            "",
            "  0   printed or written",
            "  2   a file cannot be written",
            "  4   refused: the profile is not valid, or has no archive",
            "  64  usage"
        })
final class ScheduleCommand implements Callable<Integer> {
    private static final Path INSTALLED_JAR = Path.of("/opt/veloz/veloz-wal.jar");

    private final Streams streams;

    /** Which scheduler. */
    enum Format {
        SYSTEMD,
        CRON,
        COMPOSE
    }

    @Parameters(index = "0", paramLabel = "FORMAT", description = "systemd, cron or compose.")
    private Format format = Format.SYSTEMD;

    @Option(names = "--profile", paramLabel = "FILE", required = true, description = "Profile of the backups.")
    private Path file = Path.of("");

    @Option(
            names = "--output-directory",
            paramLabel = "DIR",
            description = "Write the files into this directory, which must exist. Default: print them.")
    private @Nullable Path directory;

    @Option(
            names = "--java",
            paramLabel = "FILE",
            description = "Program that runs the jar. Default: ${DEFAULT-VALUE}.")
    private Path java = Path.of("/usr/bin/java");

    @Option(names = "--jar", paramLabel = "FILE", description = "The tool's jar. Default: the one that runs now.")
    private Path jar = ownJar();

    @Option(
            names = "--user",
            paramLabel = "NAME",
            description = "User of the jobs, who is not the engine's. Default: ${DEFAULT-VALUE}.")
    private String user = "veloz-backup";

    @Option(
            names = "--metrics-directory",
            paramLabel = "DIR",
            description = "Directory of the node exporter's textfile collector. Default: ${DEFAULT-VALUE}.")
    private Path metrics = Path.of("/var/lib/prometheus/node-exporter");

    @Option(names = "--json", description = "Print one JSON object with the texts by their file names.")
    private boolean json;

    ScheduleCommand(Streams streams) {
        this.streams = streams;
    }

    private static Path ownJar() {
        try {
            Path place = Path.of(Tool.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return Files.isRegularFile(place) ? place : INSTALLED_JAR;
        } catch (URISyntaxException | RuntimeException e) {
            // Unknown, for example in a custom class loader.
            return INSTALLED_JAR;
        }
    }

    @Override
    public Integer call() throws IOException {
        BackupProfile profile = ProfileArguments.read(file);
        Map<String, String> files = files(profile);
        List<String> leftOut = schedule().leftOut(profile);
        leftOut.forEach(streams::warning);
        if (directory != null) {
            write(directory, files);
        } else if (!json) {
            print(files);
        }
        if (json) {
            Json to = new Json(streams.out())
                    .object()
                    .field("exit_code", ExitCode.OK)
                    .name("files")
                    .object();
            files.forEach(to::field);
            to.endObject();
            PointText.strings(to, "left_out", leftOut);
            to.endObject();
            streams.out().character('\n');
        }
        return ExitCode.OK;
    }

    private BackupSchedule schedule() {
        return new BackupSchedule(java, jar, user, metrics);
    }

    private Map<String, String> files(BackupProfile profile) {
        try {
            BackupSchedule schedule = schedule();
            return new TreeMap<>(
                    switch (format) {
                        case SYSTEMD -> schedule.systemd(profile);
                        case CRON -> schedule.cron(profile);
                        case COMPOSE -> schedule.compose(profile);
                    });
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.REFUSED, String.valueOf(e.getMessage()));
        }
    }

    private void write(Path target, Map<String, String> files) throws IOException {
        for (Map.Entry<String, String> text : files.entrySet()) {
            Path written = target.resolve(text.getKey());
            // A drop-in of a unit is in a directory of its own.
            Files.createDirectories(Objects.requireNonNull(written.getParent()));
            ReplacedFile.write(written, text.getValue());
            if (!json) {
                streams.out().line(written.toString());
            }
        }
    }

    private void print(Map<String, String> files) {
        for (Map.Entry<String, String> text : files.entrySet()) {
            if (files.size() > 1) {
                streams.out().line("# ---- " + text.getKey());
            }
            streams.out().text(text.getValue());
        }
    }
}
