package io.veloz.wal.ops;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code stress}: appends as fast as the disk takes it, and says what is durable. */
@Command(
        name = "stress",
        description = {
            "Appends pseudo-random records to a log and says which are durable. For tests that pull the plug.",
            "",
            "Prints `open LAST`, then `acked SEQUENCE CRC32C` for each record once it is on disk, each line at once. With"
                    + " one thread also `try SEQUENCE CRC32C` before each append. If the log fails it prints `failed TEXT`."
                    + " Goes on behind the last record that is there. Kill it whenever you like: every line `acked` must be in"
                    + " `dump --format crc` afterwards.",
            "",
            "Each record is 8 bytes that name it (with one thread its sequence), and bytes that follow from the seed and"
                    + " that name. Writes into DIR: never point it at a log that you need."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal stress data/try --threads 16 --seconds 30 > acked.txt",
            "  veloz-wal dump --format crc data/try",
            "",
            "  0   done, or nobody reads the output any more",
            "  2   the log failed, or does not open",
            "  64  usage"
        })
final class StressCommand implements Callable<Integer> {
    private static final long DEFAULT_SECONDS = 10;
    private static final long MAX_SECONDS = 366L * 24 * 60 * 60;
    private static final int MAX_THREADS = 1024;

    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR", description = "The directory of the log; it is created if need be.")
    private Path directory = Path.of("");

    @Option(names = "--threads", paramLabel = "T", description = "How many append at once. Default: ${DEFAULT-VALUE}.")
    private int threads = 1;

    @Option(names = "--size", paramLabel = "BYTES", description = "Payload of a record. Default: ${DEFAULT-VALUE}.")
    private int size = 128;

    @Option(names = "--records", paramLabel = "N", description = "Ends after so many. Default: no limit.")
    private @Nullable Long records;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "Ends after so long. Default: " + DEFAULT_SECONDS + ", or no limit if --records is given.")
    private @Nullable Long seconds;

    @Option(
            names = "--segment-size",
            paramLabel = "BYTES",
            description = "Size of a segment. Default: ${DEFAULT-VALUE}.")
    private long segmentSize = 64L * 1024 * 1024;

    @Option(names = "--seed", paramLabel = "N", description = "What the bytes follow from. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "What the names of the files begin with. Default: ${DEFAULT-VALUE}.")
    private String prefix = "orders";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    StressCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        WalConfig config = config();
        LineOutput out = new LineOutput(streams.standardOutput());
        try (Wal wal = Wal.open(config)) {
            out.say("open " + wal.lastSequence());
            Throwable failure = new Stress(
                            wal,
                            out,
                            threads,
                            records == null ? Long.MAX_VALUE : records,
                            seconds != null ? seconds : records != null ? MAX_SECONDS : DEFAULT_SECONDS,
                            seed,
                            size)
                    .run();
            throwAgain(failure);
            return ExitCode.OK;
        } catch (WalException e) {
            out.say("failed " + Streams.oneLine(String.valueOf(e.getMessage())));
            return ExitCode.FAILED;
        }
    }

    private static void throwAgain(@Nullable Throwable failure) {
        if (failure instanceof RuntimeException known) {
            throw known;
        } else if (failure != null) {
            throw new IllegalStateException(failure.toString(), failure);
        }
    }

    private WalConfig config() {
        check("--threads", threads, 1, MAX_THREADS);
        check("--segment-size", segmentSize, StressSizes.MIN_SEGMENT_BYTES, StressSizes.MAX_SEGMENT_BYTES);
        check("--size", size, 0, StressSizes.maxPayloadBytes(segmentSize));
        if (records != null) {
            check("--records", records, 0, Long.MAX_VALUE / 2);
        }
        if (seconds != null) {
            check("--seconds", seconds, 0, MAX_SECONDS);
        }
        return StressSizes.apply(WalConfig.builder(directory).prefix(prefix), segmentSize, size)
                .build();
    }

    private void check(String option, long value, long min, long max) {
        if (value < min || value > max) {
            String where = option.equals("--size") ? " with segments of " + Units.count(segmentSize) + " bytes" : "";
            throw new ParameterException(
                    spec.commandLine(), option + " " + value + ": expected " + min + " to " + max + where);
        }
    }
}
