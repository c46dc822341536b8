package io.veloz.wal.ops;

import io.veloz.wal.orders.OrderState;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code orders}: the state that the log adds up to. */
@Command(
        name = "orders",
        description = {
            "Replays a log and prints every order as JSON: count, count_pending, count_terminal, orders.",
            "",
            "Starts at the newest good checkpoint, if there is one. Prices and quantities are exact: each number reads back"
                    + " as the same double. Texts are UTF-8; a byte that is not UTF-8 is written as \\udcXX. On a damaged log it"
                    + " prints nothing, since the orders could be wrong. Never changes anything."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal orders /var/lib/veloz/wal | jq '.orders[] | select(.status == \"PARTIALLY_FILLED\")'",
            "",
            "  0   all orders, also before a torn tail",
            "  1   a salvage declared losses, so orders may be wrong",
            "  2   damaged",
            "  4   refused: there is no log in DIR",
            "  64  usage"
        })
final class OrdersCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LogArguments log = new LogArguments();

    @Option(names = "--json", description = "Accepted for symmetry: the output is JSON anyway.")
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
