package io.veloz.wal.child;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Opens a log, says so line by line, and goes on until it is killed. */
public final class ChildLog {
    private ChildLog() {}

    /** What record a sequence has. */
    public static String text(long sequence) {
        return "record " + sequence + " ".repeat((int) (sequence * 37 % 400)) + "end";
    }

    public static void main(String[] args) throws Exception {
        say("opening");
        WalConfig config = Logs.small(DiskStorage.createOrOpen(Path.of(args[1])))
                .heartbeatDelay(Duration.ofMillis(1))
                .build();
        try (Wal wal = Wal.open(config)) {
            say("open " + wal.lastSequence());
            switch (args[0]) {
                case "append" -> append(wal);
                case "hold" -> hold();
                case "exhaust" -> exhaustDirectMemory(wal);
                default -> throw new IllegalArgumentException(args[0]);
            }
        } catch (WalFailedException e) {
            say("failed " + e.getMessage());
        } catch (WalException e) {
            say("refused " + e.getMessage());
        } catch (OutOfMemoryError e) {
            say("memory " + e.getMessage());
        }
    }

    private static void append(Wal wal) {
        for (long sequence = wal.lastSequence() + 1; ; sequence++) {
            wal.appendAsync(1, Records.payload(text(sequence))).thenAccept(acked -> say("acked " + acked));
        }
    }

    private static void hold() throws IOException {
        int unused = System.in.read();
    }

    private static void exhaustDirectMemory(Wal wal) {
        long last = wal.appendDurable(1, Records.payload(text(wal.lastSequence() + 1)));
        say("acked " + last);
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
            say("acked " + last);
        }
        throw new AssertionError("never failed, with " + hog.size() + " buffers taken");
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
