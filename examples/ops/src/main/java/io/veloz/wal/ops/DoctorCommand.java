package io.veloz.wal.ops;

import io.veloz.wal.ops.doctor.Bounds;
import io.veloz.wal.ops.doctor.Facts;
import io.veloz.wal.ops.doctor.Findings;
import io.veloz.wal.ops.doctor.Measured;
import io.veloz.wal.ops.doctor.Measurement;
import io.veloz.wal.ops.doctor.MeasurementStoppedException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code doctor}: measures a directory for a log, and derives settings. */
@Command(
        name = "doctor",
        description = {
            "Measures how long a force (fsync) takes in a directory, whether it seems to do anything, and how fast the disk is;"
                    + " prints what that means for a log, and the settings that suit it.",
            "",
            "Writes, forces and deletes files in DIR/" + DoctorScratch.NAME
                    + ", never a file of a log. It can run while a log in"
                    + " DIR is open: both then share the disk, and the figures include the load of the log. Run it before the"
                    + " first deployment, and after a change of the disk, the file system or the kernel.",
            "",
            "The file `zero-filled` is written as the log writes its prepared segments; the `sparse` one shows what the"
                    + " preparation is good for. p99 of `write and force` is about what one of 100 durable appends takes."
                    + " No program can prove that data survives a power failure: the verdict `sound` means that nothing"
                    + " contradicts it."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal doctor /var/lib/veloz/wal",
            "  veloz-wal doctor --seconds 60 --json /var/lib/veloz/wal",
            "",
            "  0   sound: nothing contradicts that forced records survive a power failure",
            "  1   warning: that depends on something that could not be examined, or little space is left",
            "  2   unsafe: acknowledged records would be lost, or the measurement failed or was stopped",
            "  4   refused: DIR does not exist, cannot be written, is too full, or is being measured",
            "  64  usage"
        })
final class DoctorCommand implements Callable<Integer> {
    private static final int MAX_SECONDS = 3600;
    private static final long RESERVE_BYTES = 64L * 1024 * 1024;

    private final Streams streams;
    private final AtomicBoolean stopped = new AtomicBoolean();

    @Parameters(index = "0", paramLabel = "DIR", description = "An existing directory, with or without a log.")
    private Path directory = Path.of("");

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "Time of the measurement, 1 to 3600. Default: ${DEFAULT-VALUE}.")
    private int seconds = 10;

    @Option(
            names = "--space",
            paramLabel = "SIZE",
            converter = Quantities.Bytes.class,
            description = "Largest size of the scratch files together, at least 6M. Up to 9 times as much is written."
                    + " Default: 192M.")
    private long space = 192L * 1024 * 1024;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    DoctorCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        check("--seconds", seconds, 1, MAX_SECONDS);
        check("--space", space, Bounds.MIN_SPACE_BYTES, 1L << 40);
        LogDirectory.requireDirectory(directory);
        StopSignal signal = StopSignal.listen(() -> stopped.set(true));
        try {
            return examine();
        } catch (MeasurementStoppedException e) {
            throw new CommandFailure("the measurement was stopped; its scratch files are deleted");
        } finally {
            signal.restore();
        }
    }

    private int examine() throws IOException {
        Facts facts = Facts.of(directory);
        requireSpace(facts);
        if (!json) {
            new DoctorText(streams.out()).writeFacts(facts);
        }
        Measured measured = measure(facts.directory());
        Findings findings = Findings.of(facts, measured);
        int exitCode = switch (findings.worst()) {
            case OK, NOTE -> ExitCode.OK;
            case WARNING -> ExitCode.WARNING;
            case PROBLEM -> ExitCode.FAILED;
        };
        String verdict = switch (findings.worst()) {
            case OK, NOTE -> "sound";
            case WARNING -> "warning";
            case PROBLEM -> "unsafe";
        };
        if (json) {
            new DoctorJson(streams.out()).write(facts, measured, findings, verdict, exitCode);
        } else {
            new DoctorText(streams.out()).writeResult(measured, findings, verdict);
        }
        return exitCode;
    }

    private Measured measure(Path real) throws IOException {
        Duration time = Duration.ofSeconds(seconds);
        try (DoctorScratch scratch = DoctorScratch.create(real);
                DoctorBar bar = new DoctorBar(streams, time)) {
            return new Measurement(new Bounds(time, space, Bounds.MAX_SAMPLES), stopped::get, bar)
                    .run(scratch.storage());
        }
    }

    private void requireSpace(Facts facts) {
        long usable = facts.space().usableBytes();
        if (usable < space + RESERVE_BYTES) {
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    facts.directory() + ": " + Units.bytes(usable) + " are free, expected " + Units.bytes(space)
                            + " for the scratch files and " + Units.bytes(RESERVE_BYTES)
                            + " that stay free; use a smaller --space, or free space");
        }
    }

    private void check(String option, long value, long min, long max) {
        if (value < min || value > max) {
            throw new ParameterException(spec.commandLine(), option + " " + value + ": expected " + min + " to " + max);
        }
    }
}
