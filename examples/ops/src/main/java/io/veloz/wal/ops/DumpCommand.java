package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalReader;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dump}: prints the records of a log. */
@Command(
        name = "dump",
        description = {
            "Prints the records of a log in order, one per line.",
            "",
            "Format text shows the fields of order events, and other records as hex digits. A \"+\" at the end means that"
                    + " the next record belongs to the same atomic group. Format json prints one object per line. Format crc"
                    + " prints a line `rec SEQUENCE CRC32C` per record, with the checksum of the payload, to compare two logs.",
            "",
            "Prints durable records only: every complete batch if no writer has the log open, and otherwise all records that"
                    + " the writer has marked as durable. For a damaged log, it prints the records before the damage. Read-only."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal dump /var/lib/veloz/wal | head",
            "  veloz-wal dump --from 2000 --to 2010 --json /var/lib/veloz/wal",
            "  veloz-wal dump --from-time 2026-11-22T14:30:00Z --until 2026-11-22T14:31:00Z s3://bucket/orders",
            "  diff <(veloz-wal dump --format crc A) <(veloz-wal dump --format crc B)",
            "",
            "  0   all records printed; a torn tail is not an error",
            "  1   a salvage declared losses in the printed range",
            "  2   damaged",
            "  4   refused: DIR does not contain a log, or URI no archive",
            "  5   the store cannot be reached: retry later",
            "  64  usage"
        })
final class DumpCommand implements Callable<Integer> {
    /** The output format. */
    enum Format {
        TEXT,
        JSON,
        CRC
    }

    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR|URI", description = SourceArguments.PLACE)
    private String place = "";

    @Mixin
    private final SourceArguments arguments = new SourceArguments();

    @Option(names = "--from", paramLabel = "SEQUENCE", description = "First record. Default: the oldest one.")
    private @Nullable Long from;

    @Option(names = "--to", paramLabel = "SEQUENCE", description = "Last record. Default: the newest one.")
    private long to = Long.MAX_VALUE;

    @Option(
            names = "--from-time",
            paramLabel = "TIME",
            converter = Quantities.Moment.class,
            description =
                    "Start with the first record at or after a time: 2026-11-22T14:30:00Z, or nanoseconds since 1970.")
    private @Nullable Long fromTime;

    @Option(
            names = "--until",
            paramLabel = "TIME",
            converter = Quantities.Moment.class,
            description = "End before the first record after a time.")
    private @Nullable Long untilTime;

    @Option(names = "--format", paramLabel = "text|json|crc", description = "Output format. Default: text.")
    private @Nullable Format format;

    @Option(names = "--json", description = "Same as --format json.")
    private boolean json;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    DumpCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Format wanted = format();
        checkRange();
        RecordFormat lines = lines(wanted);
        Output out = streams.out();
        try (LogSource source = arguments.open(spec, place, streams);
                WalReader reader = WalReader.open(range(source.options()))) {
            while (reader.next()) {
                lines.write(reader, out);
            }
            out.flush();
            return ReadNotes.print(reader, streams);
        }
    }

    private Format format() {
        if (json && format != null && format != Format.JSON) {
            throw usage("--json contradicts --format " + format.name().toLowerCase(Locale.ROOT));
        }
        return json ? Format.JSON : format == null ? Format.TEXT : format;
    }

    private static RecordFormat lines(Format format) {
        return switch (format) {
            case TEXT -> new TextFormat();
            case JSON -> new JsonFormat();
            case CRC -> new CrcFormat();
        };
    }

    private void checkRange() {
        if (from != null && from < 1) {
            throw usage("--from " + from + ": expected 1 or more");
        }
        if (to < 1) {
            throw usage("--to " + to + ": expected 1 or more");
        }
        if (from != null && from > to) {
            throw usage("--from " + from + " is greater than --to " + to);
        }
    }

    private ReadOptions range(ReadOptions all) {
        ReadOptions options = all.untilSequence(to);
        options = from == null ? options : options.fromSequence(from);
        options = fromTime == null ? options : options.fromTime(fromTime);
        return untilTime == null ? options : options.untilTime(untilTime);
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
