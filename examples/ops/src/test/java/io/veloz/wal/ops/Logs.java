package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderStore;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Small logs for tests, and ways to damage them. */
final class Logs {
    private Logs() {}

    static Wal open(Path directory) {
        return Wal.open(WalConfig.builder(directory)
                .segmentBytes(32 * 1024)
                .maxBatchBytes(16 * 1024)
                .build());
    }

    /** Writes records whose payload is "record N", with a roll after every fifth one. */
    static Path ofRecords(Path directory, int records) {
        try (Wal wal = open(directory)) {
            for (int i = 1; i <= records; i++) {
                wal.appendDurable(7, ByteBuffer.wrap(("record " + i).getBytes(StandardCharsets.UTF_8)));
                if (i % 5 == 0) {
                    wal.roll();
                }
            }
        }
        return directory;
    }

    static final List<OrderEvent> EVENTS = List.of(
            OrderNew.limit("A", "BTCUSDT", Side.BUY, 2, 50000.5),
            OrderFill.of("A", "BTCUSDT", 0.5, 50000.25, 17),
            OrderNew.market("B", "ETHUSDT", Side.SELL, 0.1),
            OrderFill.of("B", "ETHUSDT", 0.1, 3000, 18),
            OrderFill.of("A", "BTCUSDT", 1.5, 50000, 19));

    /** Writes two filled orders in five records. */
    static Path ofOrders(Path directory) {
        try (Wal wal = open(directory)) {
            appendOrders(wal, new OrderStore());
        }
        return directory;
    }

    static void appendOrders(Wal wal, OrderStore store) {
        OrderCodec codec = new OrderCodec();
        for (OrderEvent event : EVENTS) {
            long sequence = wal.appendDurable(event.recordType(), codec.encode(event));
            store.apply(sequence, 1, event);
        }
    }

    /** Writes bytes after the data, as a torn write does. */
    static void tearTail(Path directory) {
        List<SegmentReport> segments =
                WalRecovery.inspect(ReadOptions.of(directory)).segments();
        SegmentReport last = segments.stream()
                .filter(segment -> segment.verdict() == SegmentReport.Verdict.ACTIVE)
                .findFirst()
                .orElseThrow();
        byte[] torn = "an incomplete batch of a torn write".getBytes(StandardCharsets.UTF_8);
        write(directory.resolve(last.file()), last.dataBytes(), torn);
    }

    /** Flips all bits of the first byte of a text. */
    static void damage(Path file, String text) {
        try {
            String content = Files.readString(file, StandardCharsets.ISO_8859_1);
            int at = content.indexOf(text);
            write(file, at, new byte[] {(byte) ~content.charAt(at)});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, long position, byte[] bytes) {
        try (RandomAccessFile target = new RandomAccessFile(file.toFile(), "rw")) {
            target.seek(position);
            target.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns names, times and content hashes of everything in a directory. */
    static List<String> listing(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.sorted().map(Logs::describe).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String describe(Path file) {
        try {
            String content = Files.isDirectory(file) ? "" : " " + java.util.Arrays.hashCode(Files.readAllBytes(file));
            return file + " " + Files.getLastModifiedTime(file) + content;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
