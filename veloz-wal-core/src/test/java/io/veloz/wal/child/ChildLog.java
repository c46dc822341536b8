package io.veloz.wal.child;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalReader;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.DiskStorage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Opens a log, and prints one line per event until it is killed. */
public final class ChildLog {
    /** The size of the active segment at which "grow" reports that it has grown. */
    public static final long GROWN_BYTES = 12L * 1024 * 1024;

    private static final int LARGE_BYTES = 8 * 1024;
    private static final int SEGMENTS_MADE = 150;
    private static final int ROLLS = 150;
    private static final int OPENS = 64;
    private static final BufferedReader INPUT =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private ChildLog() {}

    /** Returns the text of the record with a sequence. */
    public static String text(long sequence) {
        return "record " + sequence + " ".repeat((int) (sequence * 37 % 400)) + "end";
    }

    /** Returns a large text of the record with a sequence, for a log that grows fast. */
    public static String largeText(long sequence) {
        return text(sequence) + "-".repeat(LARGE_BYTES);
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[1]);
        if (args[0].equals("fight")) {
            fight(directory);
            return;
        }
        if (args[0].equals("opens")) {
            openAndClose(directory);
            return;
        }
        WalConfig config = config(args[0], directory);
        print("opening");
        try (Wal wal = Wal.open(config)) {
            print("open " + wal.lastSequence());
            switch (args[0]) {
                case "append" -> append(wal);
                case "grow" -> grow(wal);
                case "hold" -> hold();
                case "fork" -> fork();
                case "rolls" -> roll(wal);
                case "threads" -> appendOnThreads(wal, directory);
                case "exhaust" -> exhaustDirectMemory(wal);
                case "exhaust-heap" -> exhaustHeap(wal);
                case "many" -> readRollAndRead(wal, directory);
                case "plain" -> appendMegabytesAndRead(wal, directory);
                default -> throw new IllegalArgumentException(args[0]);
            }
        } catch (WalFailedException e) {
            print("failed " + e.getMessage());
        } catch (WalException e) {
            print("refused " + e.getMessage());
        } catch (OutOfMemoryError e) {
            print("memory " + e.getMessage());
        }
    }

    private static WalConfig config(String what, Path directory) {
        if (what.equals("plain")) {
            return WalConfig.builder(directory).build();
        }
        WalConfig.Builder config =
                Logs.small(DiskStorage.createOrOpen(directory)).heartbeatDelay(Duration.ofMillis(1));
        if (what.equals("rolls")) {
            config.segmentBytes(256 * 1024).bufferBytes(8 * 1024 * 1024);
        }
        if (what.equals("grow")) {
            config.segmentBytes(2 * GROWN_BYTES).maxBatchBytes(256 * 1024).bufferBytes(1024 * 1024);
        }
        return config.build();
    }

    /** Rolls so often that direct memory would be exhausted if each roll kept some. */
    private static void roll(Wal wal) {
        for (int i = 0; i < ROLLS; i++) {
            wal.appendDurable(1, Records.payload(text(wal.lastSequence() + 1)));
            wal.roll();
        }
        print("rolled " + wal.stats().rolls());
    }

    private static void openAndClose(Path directory) {
        WalConfig config =
                WalConfig.builder(directory).segmentBytes(2 * 1024 * 1024).build();
        for (int i = 0; i < OPENS; i++) {
            try (Wal wal = Wal.open(config)) {
                wal.appendDurable(1, Records.payload(text(wal.lastSequence() + 1)));
            } catch (OutOfMemoryError e) {
                print("memory " + e.getMessage());
                return;
            }
        }
        print("read " + count(directory, OPENS));
    }

    /** Appends on threads that wait for each record, on one thread alone, and with futures. */
    private static void appendOnThreads(Wal wal, Path directory) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < 300; i++) {
                    wal.appendDurable(1, Records.payload("from a thread"));
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (int i = 0; i < 100; i++) {
            wal.appendDurable(1, Records.payload("alone"));
            wal.appendAsync(1, Records.payload("future")).join();
        }
        print("processors " + Runtime.getRuntime().availableProcessors());
        print("read " + count(directory, wal.lastSequence()));
    }

    private static void append(Wal wal) {
        for (long sequence = wal.lastSequence() + 1; ; sequence++) {
            wal.appendAsync(1, Records.payload(text(sequence))).thenAccept(acked -> print("acked " + acked));
        }
    }

    /** Grows the active segment, so that the next open has much work, and waits to be killed. */
    private static void grow(Wal wal) throws IOException {
        for (long bytes = 0; bytes < GROWN_BYTES; bytes += LARGE_BYTES) {
            long sequence = wal.lastSequence() + 1;
            wal.appendAsync(1, Records.payload(largeText(sequence))).thenAccept(acked -> print("acked " + acked));
        }
        wal.sync();
        print("grown");
        hold();
    }

    private static void hold() throws IOException {
        int unused = INPUT.read();
    }

    /** Starts a process that outlives this one. */
    private static void fork() throws IOException {
        Process sleeper = new ProcessBuilder("sleep", "300").start();
        print("forked " + sleeper.pid());
        hold();
    }

    /** Tries to open the log at each line of input. If it succeeds, it keeps the log open until the next line. */
    private static void fight(Path directory) throws IOException {
        WalConfig config = config("fight", directory);
        print("ready");
        while (INPUT.readLine() != null) {
            try (Wal wal = Wal.open(config)) {
                wal.appendDurable(1, Records.payload(text(wal.lastSequence() + 1)));
                print("open " + wal.lastSequence());
                if (INPUT.readLine() == null) {
                    return;
                }
            } catch (WalException e) {
                print("refused " + e.getMessage());
                continue;
            }
            print("closed");
        }
    }

    private static void exhaustDirectMemory(Wal wal) {
        long last = wal.appendDurable(1, Records.payload(text(wal.lastSequence() + 1)));
        print("acked " + last);
        List<ByteBuffer> hog = new ArrayList<>();
        for (int bytes = 1024 * 1024; bytes >= 1024; ) {
            try {
                hog.add(ByteBuffer.allocateDirect(bytes));
            } catch (OutOfMemoryError e) {
                bytes /= 32;
            }
        }
        while (last < 1000) {
            last = wal.appendDurable(1, Records.payload(text(last + 1)));
            print("acked " + last);
        }
        print("survived with " + hog.size() + " buffers taken");
    }

    /** Exhausts the heap while appending, repeatedly. Any thread may run out of memory. */
    private static void exhaustHeap(Wal wal) {
        for (int round = 0; round < 10; round++) {
            List<byte[]> hog = new ArrayList<>(1024 * 1024);
            for (int bytes = 1024 * 1024; bytes > 16; ) {
                try {
                    hog.add(new byte[bytes]);
                } catch (OutOfMemoryError e) {
                    bytes /= 4;
                }
            }
            try {
                for (int i = 0; i < 50; i++) {
                    print("acked " + wal.appendDurable(1, Records.payload(text(wal.lastSequence() + 1))));
                }
            } catch (OutOfMemoryError e) {
                hog.clear();
            }
        }
        print("survived");
    }

    private static void appendMegabytesAndRead(Wal wal, Path directory) {
        for (int i = 0; i < 4_000; i++) {
            wal.append(1, Records.payload(largeText(wal.lastSequence() + 1)));
        }
        wal.roll();
        print("read " + count(directory, wal.lastSequence()));
    }

    private static void readRollAndRead(Wal wal, Path directory) {
        print("read " + count(directory, wal.lastSequence()));
        for (int i = 0; i < SEGMENTS_MADE; i++) {
            wal.appendDurable(1, Records.payload(text(wal.lastSequence() + 1)));
            wal.roll();
        }
        print("read " + count(directory, wal.lastSequence()));
        Runtime runtime = Runtime.getRuntime();
        System.gc();
        print("used " + (runtime.totalMemory() - runtime.freeMemory()));
    }

    /** Returns the number of records, and checks that they have no gap. */
    private static long count(Path directory, long last) {
        long count = 0;
        try (WalReader reader = WalReader.open(ReadOptions.of(directory))) {
            while (count < last && reader.next()) {
                count++;
                if (reader.sequence() != count) {
                    throw new AssertionError("record " + reader.sequence() + ": expected " + count);
                }
            }
        }
        return count;
    }

    private static void print(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
