package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveReport;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.ArchiveVerifyOptions;
import io.veloz.wal.archive.ArchiveVerifyOptions.Cost;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.orders.OrderStateReplay;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of {@code verify} for the levels of an archive. */
final class LevelArguments {
    private static final Pattern RANGE = Pattern.compile("([1-9]\\d{0,17})-([1-9]\\d{0,17})");

    @Option(
            names = "--level",
            paramLabel = "LEVEL",
            description =
                    "chain (slots and care records), presence (and that every object exists with its size), content (and"
                            + " all records in them), or replay (and replay the orders, and compare them with each"
                            + " checkpoint). Default: presence; content with --incremental and --sample.")
    private @Nullable Level level;

    @Option(
            names = "--record",
            description =
                    "Record the result in the archive, for `retention` and --incremental. Requires the right to put"
                            + " under care/.")
    private boolean record;

    @Option(
            names = "--incremental",
            description = "Read only the content of segments that no recorded verification has read.")
    private boolean incremental;

    @Option(
            names = "--reverify-days",
            paramLabel = "N",
            description = "With --incremental: read all again if the oldest part was verified N days ago. Default: 90.")
    private @Nullable Integer reverifyDays;

    @Option(
            names = "--sample",
            paramLabel = "PERCENT",
            description = "Read a random part of the contents. Cannot be recorded.")
    private @Nullable Integer sample;

    @Option(names = "--seed", paramLabel = "N", description = "Choice of --sample. Default: the time.")
    private @Nullable Long seed;

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            converter = Quantities.Bytes.class,
            description = "Maximum bytes per second read from the store, such as 10MiB. Default: no limit.")
    private @Nullable Long bandwidth;

    @Option(
            names = "--acknowledge-gap",
            paramLabel = "FROM-TO",
            description =
                    "Record first that exactly these records are missing, or are those of consecutive segments whose objects"
                            + " are damaged or missing, and that this is known.")
    private @Nullable String gap;

    boolean isGiven() {
        return level != null
                || record
                || incremental
                || reverifyDays != null
                || sample != null
                || seed != null
                || bandwidth != null
                || gap != null;
    }

    ArchiveReport verify(ArchiveVerifier verifier, CommandSpec spec, Streams streams, WalProgress progress) {
        ArchiveVerifyOptions options;
        @Nullable LostRange known;
        try {
            options = options(streams);
            known = gap == null ? null : range(gap);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
        if (known != null) {
            verifier.acknowledge(known);
        }
        return verifier.verify(options, progress);
    }

    private ArchiveVerifyOptions options(Streams streams) {
        boolean readsPart = incremental || sample != null;
        Level byDefault = readsPart ? Level.CONTENT : Level.PRESENCE;
        ArchiveVerifyOptions.Builder options = ArchiveVerifyOptions.level(level == null ? byDefault : level)
                .onCost(cost -> streams.err().println(text(cost)));
        options =
                incremental ? options.incremental(Duration.ofDays(reverifyDays == null ? 90 : reverifyDays)) : options;
        options = record ? options.record() : options;
        options = level == Level.REPLAY ? options.replay(OrderStateReplay::new) : options;
        options = bandwidth == null ? options : options.bytesPerSecond(bandwidth);
        options = sample == null ? options : options.sample(sample, seed == null ? System.nanoTime() : seed);
        return options.build();
    }

    private static String text(Cost cost) {
        return "reads " + Units.count(cost.objects(), "object") + ", " + Units.exactBytes(cost.bytes()) + "; skips "
                + Units.count(cost.skippedSegments(), "segment");
    }

    private static LostRange range(String text) {
        Matcher matcher = RANGE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("--acknowledge-gap " + text + ": expected a range such as 1201-1350");
        }
        long first = Long.parseLong(matcher.group(1));
        long last = Long.parseLong(matcher.group(2));
        if (last < first) {
            throw new IllegalArgumentException("--acknowledge-gap " + text + ": the range ends before it begins");
        }
        return new LostRange(first, last, "", -1, "acknowledged");
    }
}
