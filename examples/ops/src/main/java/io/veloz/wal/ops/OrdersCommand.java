package io.veloz.wal.ops;

import io.veloz.wal.orders.OrderState;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code orders}: prints the orders of a log. */
@Command(
        name = "orders",
        description = {
            "Replays a log and prints all orders as JSON: count, count_pending, count_terminal, orders.",
            "",
            "Starts at the newest valid checkpoint, if any. Prices and quantities are exact: each number is parsed as the same"
                    + " double. Texts are UTF-8; an invalid byte is written as \\udcXX. For a damaged log, it prints no orders,"
                    + " because they could be wrong. Read-only."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal orders /var/lib/veloz/wal | jq '.orders[] | select(.status == \"PARTIALLY_FILLED\")'",
            "  veloz-wal orders s3://bucket/orders",
            "",
            "  0   all orders printed; a torn tail is not an error",
            "  1   a salvage declared losses, so orders may be wrong",
            "  2   damaged",
            "  4   refused: DIR does not contain a log, or URI no archive",
            "  5   the store cannot be reached: retry later",
            "  64  usage"
        })
final class OrdersCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR|URI", description = SourceArguments.PLACE)
    private String place = "";

    @Mixin
    private final SourceArguments arguments = new SourceArguments();

    @Option(names = "--json", description = "Accepted for consistency; the output is always JSON.")
    private boolean unusedJson;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    OrdersCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        try (LogSource source = arguments.open(spec, place, streams)) {
            OrdersReplay.Result replay = new OrdersReplay(source.options(), streams).run();
            List<OrderState> orders = replay.store().orders();
            Output out = streams.out();
            Json to = new Json(out).object();
            OrdersJson.writeCounts(to, orders);
            OrdersJson.writeOrders(to, out, orders);
            source.writeCost(to);
            to.endObject();
            out.character('\n');
            return replay.exitCode();
        }
    }
}
