package io.veloz.wal.ops;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * A process that writes, ships and restores a log, runs the tool's commands, and prints their results. Arguments: an empty
 * directory; optionally "orders" to write typed orders, and "probe" to probe the store thoroughly.
 */
final class RoundTripChild {
    private final Path directory;
    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private RoundTripChild(Path directory) {
        this.directory = directory;
    }

    public static void main(String[] args) throws IOException {
        RoundTripChild child = new RoundTripChild(Path.of(args[0]));
        child.shipAndRestore();
        if (List.of(args).contains("probe")) {
            child.tool("probe", child.archive());
        }
        child.damage();
        if (List.of(args).contains("orders")) {
            child.orders();
        }
        child.names();
    }

    private String archive() {
        return directory.resolve("archive").toUri().toString();
    }

    private void shipAndRestore() {
        Path log = directory.resolve("log");
        String archive = archive();
        ShipperConfig config = ShipperConfig.builder(archive)
                .flushInterval(Duration.ofMillis(10))
                .build();
        Logs.ofRecords(log, 12);
        try (Wal wal = Logs.open(log);
                WalShipper shipper = WalShipper.start(wal, config)) {
            out.println("archived " + shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(60)));
        }
        tool("probe", "--quick", archive);
        tool("inspect", log);
        tool("verify", log);
        tool("dump", log, "--format", "crc");
        tool("status", archive, log);
        tool("verify", "--full", archive);
        tool("restore", archive, directory.resolve("restored"));
        tool("verify", directory.resolve("restored"));
        tool("dump", directory.resolve("restored"), "--format", "crc");
    }

    /** Messages about damage contain most of the numbers that a locale could change. */
    private void damage() throws IOException {
        Path log = Logs.ofRecords(directory.resolve("damaged"), 12);
        Path segment = log.resolve("orders_0000000000000001.wal");
        byte[] bytes = Files.readAllBytes(segment);
        bytes[4096 + 100] ^= 1;
        Files.write(segment, bytes);
        tool("verify", log);
        tool("salvage", log, directory.resolve("salvaged"));
        bytes[20] ^= 1;
        Files.write(segment, bytes);
        tool("verify", log);
    }

    private void orders() {
        Path log = directory.resolve("orders");
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log).build())) {
            Logs.EVENTS.forEach(orders::appendDurable);
            orders.checkpoint();
        }
        tool("orders", log);
    }

    private void tool(Object... args) {
        ToolRun run = ToolRun.of(args);
        out.println(args[0] + " exits " + run.exitCode());
        out.println(run.out() + run.err());
    }

    private void names() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            files.map(file -> "file " + directory.relativize(file)).sorted().forEach(out::println);
        }
    }
}
