package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveReadCost;
import io.veloz.wal.archive.ArchiveReader;
import io.veloz.wal.orders.OrderKeys;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code history}: prints all events of an order. */
@Command(
        name = "history",
        description = {
            "Prints all events of an order in the order of the log, as `dump` does.",
            "",
            "ORDER_ID is the id of the client or of the venue. The events before the one that states the venue's id are found in"
                    + " a second pass. Reads every record of the segments whose times are in the range; the end of an archive,"
                    + " whose times are not known, is always read. Read-only.",
            "",
            "Of an archive with an index of order ids (`ship` makes one), only the segments that contain the id are read, and those"
                    + " without an index. The index is no proof that an order does not exist: --scan reads all segments. The"
                    + " cost is printed before they are read.",
            "",
            "If the venue's id was stated in a segment that is not read, because all its times are outside of --since and"
                    + " --until, the events that have only the client's id are not found: search by that."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal history ORDER-4711 /var/lib/veloz/wal",
            "  veloz-wal history --since 2026-11-22T00:00:00Z --until 2026-11-23T00:00:00Z ORDER-4711 s3://bucket/orders",
            "",
            "  0   at least one event found; a torn tail is not an error",
            "  1   no event found, or records in the searched segments are declared as lost",
            "  2   damaged: the events before the damage are not printed",
            "  4   refused: DIR does not contain a log, or URI no archive",
            "  5   the store cannot be reached: retry later",
            "  64  usage"
        })
final class HistoryCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "ORDER_ID", description = "Client order id or venue order id.")
    private String orderId = "";

    @Parameters(index = "1", paramLabel = "DIR|URI", description = SourceArguments.PLACE)
    private String place = "";

    @Option(
            names = "--since",
            paramLabel = "TIME",
            converter = Quantities.Moment.class,
            description = "Events at or after a time: 2026-11-22T14:30:00Z, or nanoseconds since 1970.")
    private @Nullable Long since;

    @Option(
            names = "--until",
            paramLabel = "TIME",
            converter = Quantities.Moment.class,
            description = "Events at or before a time.")
    private @Nullable Long until;

    @Option(names = "--json", description = "Print one JSON object per event, and one with the counts at the end.")
    private boolean json;

    @Option(
            names = "--scan",
            description =
                    "Read all segments in the range of an archive, also those whose index does not contain the id.")
    private boolean readAll;

    @Mixin
    private final SourceArguments arguments = new SourceArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    HistoryCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        long from = since == null ? Long.MIN_VALUE : since;
        long to = until == null ? Long.MAX_VALUE : until;
        if (from > to) {
            throw new ParameterException(
                    spec.commandLine(), "--since " + Units.time(from) + " is after --until " + Units.time(to));
        }
        if (orderId.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "ORDER_ID is empty");
        }
        try (LogSource source = arguments.open(spec, place, streams)) {
            OrderScan scan = new OrderScan(
                    source.options(), orderId, from, to, json ? new JsonFormat() : new TextFormat(), streams);
            if (source.archive().isPresent() && !readAll) {
                return search(source, source.archive().get(), scan);
            }
            source.archive().ifPresent(archive -> announce(scan, archive.costOf(scan.segments())));
            source.pendingFill()
                    .ifPresent(left -> streams.err()
                            .println("note: the records before " + Units.count(left.firstSequence()) + " are in "
                                    + left.archive() + " only"));
            scan.run();
            return print(source, scan, 0);
        }
    }

    private int search(LogSource source, ArchiveReader archive, OrderScan scan) {
        OrderIndex index = new OrderIndex(archive.search(new OrderKeys()), scan.candidates());
        scan.run(
                index,
                () -> streams.err()
                        .println("index: searched " + index.searched() + " of "
                                + Units.count(scan.candidates().size(), "segment") + "; reading "
                                + Units.count(scan.segments().size(), "segment") + ": "
                                + LogSource.text(archive.costOf(scan.segments()))));
        index.findings().forEach(streams::warning);
        return print(source, scan, index.searched());
    }

    private void announce(OrderScan scan, ArchiveReadCost cost) {
        streams.err()
                .println("reading " + scan.segments().size() + " of " + Units.count(scan.allSegments(), "segment")
                        + ": " + LogSource.text(cost)
                        + "; up to twice if that is the id of the venue");
    }

    private int print(LogSource source, OrderScan scan, int byIndex) {
        List<byte[]> events = scan.events();
        Output out = streams.out();
        events.forEach(out::bytes);
        int exitCode = events.isEmpty() || scan.hasLosses() ? ExitCode.WARNING : ExitCode.OK;
        if (json) {
            Json to = new Json(out).object().field("order_id", orderId).field("events", events.size());
            to.field("exit_code", exitCode)
                    .field("searched_segments", scan.segments().size())
                    .field("searched_by_index", byIndex);
            to.field("segments", scan.allSegments()).field("searched_records", scan.searchedRecords());
            source.writeCost(to);
            to.endObject();
            out.character('\n');
        }
        out.flush();
        if (events.isEmpty()) {
            streams.warning("no event of \"" + orderId + "\" in " + Units.count(scan.searchedRecords(), "record")
                    + " of " + Units.count(scan.segments().size(), "segment") + scan.beginning()
                    + (byIndex == 0
                            ? ""
                            : "; the index of " + Units.count(byIndex, "segment")
                                    + " does not contain it, which is no proof: --scan reads all"));
        }
        return exitCode;
    }
}
