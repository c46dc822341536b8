package io.veloz.wal.ops;

import io.veloz.wal.orders.OrderState;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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
            "",
            "  0   all orders printed; a torn tail is not an error",
            "  1   a salvage declared losses, so orders may be wrong",
            "  2   damaged",
            "  4   refused: DIR does not contain a log",
            "  64  usage"
        })
final class OrdersCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LogArguments log = new LogArguments();

    @Option(names = "--json", description = "Accepted for consistency; the output is always JSON.")
    private boolean unusedJson;

    OrdersCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        OrdersReplay.Result replay = new OrdersReplay(log.options(), streams).run();
        List<OrderState> orders = replay.store().orders();
        Output out = streams.out();
        Json to = new Json(out).object();
        OrdersJson.writeCounts(to, orders);
        OrdersJson.writeOrders(to, out, orders);
        to.endObject();
        out.character('\n');
        return replay.exitCode();
    }
}
