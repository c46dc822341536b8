package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Creates small logs, and reads them as lists. */
public final class SmallLog {
    /** Long enough for no heartbeat between two appends, unless the machine pauses, and short enough to wait for one. */
    private static final Duration HEARTBEAT_DELAY = Duration.ofMillis(20);

    private SmallLog() {}

    /** The content of a record. */
    public record Entry(long sequence, int type, long timestampNanos, boolean groupContinues, String payload) {}

    public static Wal open(Path directory) {
        return open(directory, 16 * 1024);
    }

    public static Wal open(Path directory, long segmentBytes) {
        return open(directory, segmentBytes, Duration.ofHours(1));
    }

    private static Wal open(Path directory, long segmentBytes, Duration heartbeatDelay) {
        return Wal.open(WalConfig.builder(directory)
                .segmentBytes(segmentBytes)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(heartbeatDelay)
                .build());
    }

    /**
     * Writes to a log, and leaves its files as a kill leaves those of an idle log: the last records are in the active segment,
     * and a heartbeat states that they are durable. A close would seal them.
     */
    public static void idle(Path directory, Consumer<Wal> writes) throws IOException {
        Map<String, byte[]> killed = new TreeMap<>();
        try (Wal wal = open(directory, 16 * 1024, HEARTBEAT_DELAY)) {
            writes.accept(wal);
            Logs.await("a heartbeat", () -> isIdle(wal));
            Logs.awaitIdleHousekeepers();
            for (String name : wal.files().storage().list()) {
                if (wal.files().isOwn(name)) {
                    killed.put(name, Files.readAllBytes(directory.resolve(name)));
                }
            }
        }
        for (String name : LogFiles.of(directory).storage().list()) {
            if (LogFiles.of(directory).isOwn(name)) {
                Files.delete(directory.resolve(name));
            }
        }
        for (Map.Entry<String, byte[]> file : killed.entrySet()) {
            Files.write(directory.resolve(file.getKey()), file.getValue());
        }
    }

    /** Returns whether all records are readable: a reader gets the last ones after the heartbeat. */
    private static boolean isIdle(Wal wal) {
        return wal.lastSequence() == 0
                || read(ReadOptions.of(wal.files().storage())).stream()
                        .anyMatch(entry -> entry.sequence() == wal.lastSequence());
    }

    /**
     * Creates two copies of a log with the same records in different files, as after a failover and back. One was killed
     * after a heartbeat, and the other was copied before. Both were reopened, so their segments are sealed.
     */
    public static void twins(Path killed, Path copied, int records) throws IOException {
        idle(killed, wal -> append(wal, records));
        Files.createDirectories(copied);
        LogFiles files = LogFiles.of(killed);
        for (String name : files.storage().list()) {
            if (!name.equals(files.lockName())) {
                Files.copy(killed.resolve(name), copied.resolve(name));
            }
        }
        Path active = copied.resolve("orders_current.wal");
        byte[] bytes = Files.readAllBytes(active);
        Arrays.fill(bytes, (int) endOfRecords(files), bytes.length, (byte) 0);
        Files.write(active, bytes);
        open(killed).close();
        open(copied).close();
    }

    /** Returns the position after the last record of the active segment, where the heartbeat begins. */
    private static long endOfRecords(LogFiles files) throws IOException {
        try (SegmentReader reader = SegmentReader.open(files, 0, 0, 0)) {
            while (reader.next()) {}
            return reader.endPosition();
        }
    }

    public static void append(Wal wal, int count) {
        for (int i = 0; i < count; i++) {
            wal.appendDurable(1 + i % 3, bytes("record " + (wal.lastSequence() + 1) + " ".repeat(40)));
        }
    }

    /** Waits until a number of segments are sealed, which another thread does after the roll. */
    public static void awaitSealed(Wal wal, int segments) {
        Logs.await(segments + " sealed segments", () -> {
            try {
                return wal.files().sealed().size() >= segments;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    public static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    public static List<Entry> read(Path directory) {
        return read(ReadOptions.of(directory));
    }

    public static List<Entry> read(ReadOptions options) {
        List<Entry> entries = new ArrayList<>();
        try (WalReader reader = WalReader.open(options)) {
            while (reader.next()) {
                entries.add(new Entry(
                        reader.sequence(),
                        reader.type(),
                        reader.timestampNanos(),
                        reader.groupContinues(),
                        StandardCharsets.ISO_8859_1.decode(reader.payload()).toString()));
            }
        }
        return entries;
    }
}
