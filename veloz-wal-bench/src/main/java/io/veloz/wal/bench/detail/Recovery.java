package io.veloz.wal.bench.detail;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.bench.process.Directories;
import io.veloz.wal.bench.process.PageCache;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * Measures how long a program needs at its start until it has every record: the open of the log and its replay, with 1 and 10
 * million records; and a million orders until they are in a store. The floor reads the same bytes and computes their CRC-32C.
 */
public final class Recovery {
    private final Arguments arguments;
    private final Table table;
    private final int turns;

    private Recovery(Arguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.table = new Table(out);
        this.turns = arguments.number("turns");
    }

    public static void main(String[] arguments) throws Exception {
        run(System.out, arguments);
    }

    static void run(PrintStream out, String... given) throws IOException, InterruptedException {
        Arguments arguments = new Arguments(
                        Recovery.class, "Measures the recovery of records of 256 bytes, and of orders.")
                .number("records", "1000000,10000000", "20000", "numbers of records, each a log of its own")
                .number("orders", "1000000", "20000", "number of orders")
                .number("turns", "5", "2", "recoveries of each log; the quickest counts, as its code is compiled")
                .parse(given);
        if (!arguments.printsHelp(out)) {
            new Recovery(arguments, out).run();
        }
    }

    private void run() throws IOException, InterruptedException {
        try (Scratch scratch = Scratch.in(arguments.directory(), "recovery")) {
            for (int records : arguments.numbers("records")) {
                Path directory = scratch.create("log");
                records(directory, records);
                Directories.delete(directory);
            }
            orders(scratch.create("orders"), arguments.number("orders"));
        }
    }

    private void records(Path directory, int records) throws IOException, InterruptedException {
        WalConfig config = WalConfig.builder(directory).build();
        long bytes;
        try (Wal wal = Wal.open(config)) {
            SampleLog.append(wal, records);
            bytes = wal.stats().bytesWritten();
        }
        table.title("%,d records, %,d bytes, quickest of %d", records, bytes, turns);
        double floor = quickest(() -> PageCache.readAndCheck(PageCache.files(directory), bytes));
        double warm = quickest(() -> openAndReplay(config, records));
        table.row("open and replay, in the page cache", warm * 1e3, floor * 1e3, "ms");
        if (PageCache.drop()) {
            double cold = openAndReplay(config, records);
            PageCache.drop();
            table.row(
                    "open and replay, from the disk",
                    cold * 1e3,
                    PageCache.readAndCheck(PageCache.files(directory), bytes) * 1e3,
                    "ms");
        }
    }

    private static double openAndReplay(WalConfig config, int records) {
        long started = System.nanoTime();
        long read = 0;
        long payloadBytes = 0;
        try (Wal wal = Wal.open(config)) {
            try (WalReader reader = wal.reader()) {
                while (reader.next()) {
                    read++;
                    payloadBytes += reader.payload().remaining();
                }
            }
            double seconds = seconds(started);
            expect(records, read);
            expect((long) records * SampleLog.RECORD_BYTES, payloadBytes);
            return seconds;
        }
    }

    private void orders(Path directory, int orders) throws IOException {
        OrderLogConfig config = OrderLogConfig.builder(
                        WalConfig.builder(directory).build())
                .checkpointEveryRecords(0)
                .checkpointInterval(Duration.ZERO)
                .build();
        long bytes;
        try (OrderLog log = OrderLog.open(config)) {
            for (int i = 0; i < orders; i++) {
                log.append(OrderNew.limit(
                        String.format(Locale.ROOT, "order-%08d", i), "BTC-USDT", Side.BUY, 1.5, 40_000.25));
            }
            log.awaitApplied(orders);
            bytes = log.wal().stats().bytesWritten();
        }
        table.title("%,d orders, %,d bytes, quickest of %d", orders, bytes, turns);
        double floor = quickest(() -> PageCache.readAndCheck(PageCache.files(directory), bytes));
        double decoded = quickest(() -> decode(directory, orders));
        double replayed = quickest(() -> replay(directory, orders));
        double opened = quickest(() -> open(config, orders));
        table.row("read and decoded, without a store", decoded * 1e3, floor * 1e3, "ms");
        table.row("replayed into an OrderStore", replayed * 1e3, floor * 1e3, "ms");
        table.row("OrderLog.open", opened * 1e3, floor * 1e3, "ms");
    }

    private static double decode(Path directory, int orders) {
        long started = System.nanoTime();
        OrderCodec codec = new OrderCodec();
        long read = 0;
        try (WalReader reader = WalReader.open(ReadOptions.of(directory))) {
            while (reader.next()) {
                if (OrderCodec.isOrderType(reader.type())
                        && codec.decode(reader.type(), reader.payload()) instanceof OrderNew) {
                    read++;
                }
            }
        }
        double seconds = seconds(started);
        expect(orders, read);
        return seconds;
    }

    private static double replay(Path directory, int orders) {
        long started = System.nanoTime();
        OrderReplay replay = OrderReplay.read(ReadOptions.of(directory));
        double seconds = seconds(started);
        expect(orders, replay.store().count());
        return seconds;
    }

    private static double open(OrderLogConfig config, int orders) {
        long started = System.nanoTime();
        try (OrderLog log = OrderLog.open(config)) {
            double seconds = seconds(started);
            expect(orders, log.store().count());
            return seconds;
        }
    }

    private static double seconds(long started) {
        return (System.nanoTime() - started) / 1e9;
    }

    private static void expect(long expected, long actual) {
        if (actual != expected) {
            throw new IllegalStateException("got " + actual + "; expected " + expected);
        }
    }

    /** Measures one turn in seconds. */
    private interface Turn {
        double seconds() throws IOException;
    }

    private double quickest(Turn turn) throws IOException {
        double best = Double.MAX_VALUE;
        for (int i = 0; i < turns; i++) {
            best = Math.min(best, turn.seconds());
        }
        return best;
    }
}
