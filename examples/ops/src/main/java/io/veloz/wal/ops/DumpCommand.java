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
import picocli.CommandLine.Spec;

/** {@code dump}: the records themselves. */
@Command(
        name = "dump",
        description = {
            "Prints the records of a log in order, one a line.",
            "",
            "text shows order events field by field, other records as hex digits; a \"+\" at the end says that the next"
                    + " record belongs to the same atomic group. json is one object a line. crc is one line `rec SEQUENCE"
                    + " CRC32C` a record, of the payload, to compare two logs.",
            "",
            "Prints only what is durable: without a writer every whole batch, beside a writer what it has promised. On a"
                    + " damaged log it prints what comes before the damage. Never changes anything."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal dump /var/lib/veloz/wal | head",
            "  veloz-wal dump --from 2000 --to 2010 --json /var/lib/veloz/wal",
            "  diff <(veloz-wal dump --format crc A) <(veloz-wal dump --format crc B)",
            "",
            "  0   all printed, also before a torn tail",
            "  1   a salvage declared losses in what was read",
            "  2   damaged",
            "  4   refused: there is no log in DIR",
            "  64  usage"
        })
final class DumpCommand implements Callable<Integer> {
    /** What a line looks like. */
    enum Format {
        TEXT,
        JSON,
        CRC
    }

    private final Streams streams;

    @Mixin
    private final LogArguments log = new LogArguments();

    @Option(names = "--from", paramLabel = "SEQUENCE", description = "The first record. Default: the oldest there is.")
    private long from;

    @Option(names = "--to", paramLabel = "SEQUENCE", description = "The last record. Default: the newest there is.")
    private long to = Long.MAX_VALUE;

    @Option(names = "--format", paramLabel = "text|json|crc", description = "How a record is written. Default: text.")
    private @Nullable Format format;

    @Option(names = "--json", description = "The same as --format json.")
    private boolean json;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    DumpCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Format wanted = format();
        ReadOptions options = range();
        RecordFormat lines = lines(wanted);
        Output out = streams.out();
        try (WalReader reader = WalReader.open(options)) {
            while (reader.next()) {
                lines.write(reader, out);
            }
            out.flush();
            return ReadNotes.tell(reader, streams);
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

    private ReadOptions range() {
        boolean hasFrom = spec.commandLine().getParseResult().hasMatchedOption("--from");
        if (hasFrom && from < 1) {
            throw usage("--from " + from + ": expected 1 or more");
        }
        if (to < 1) {
            throw usage("--to " + to + ": expected 1 or more");
        }
        if (from > to) {
            throw usage("--from " + from + " is behind --to " + to);
        }
        ReadOptions options = log.options().untilSequence(to);
        return hasFrom ? options.fromSequence(from) : options;
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
