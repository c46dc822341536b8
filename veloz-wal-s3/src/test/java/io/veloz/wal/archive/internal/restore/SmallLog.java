package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.fault.Logs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Creates small logs, and reads them as lists. */
public final class SmallLog {
    private SmallLog() {}

    /** The content of a record. */
    public record Entry(long sequence, int type, long timestampNanos, boolean groupContinues, String payload) {}

    public static Wal open(Path directory) {
        return open(directory, 16 * 1024);
    }

    public static Wal open(Path directory, long segmentBytes) {
        return Wal.open(WalConfig.builder(directory)
                .segmentBytes(segmentBytes)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build());
    }

    /**
     * Creates two copies of a log with the same records in different files, as after a failover and back. One was closed,
     * which writes a heartbeat, and the other was copied before. Both were reopened, so their segments are sealed.
     */
    public static void twins(Path closed, Path copied, int records) throws IOException {
        try (Wal wal = open(closed)) {
            append(wal, records);
            Files.createDirectories(copied);
            for (String name : wal.files().storage().list()) {
                if (!name.equals(wal.files().lockName())) {
                    Files.copy(closed.resolve(name), copied.resolve(name));
                }
            }
        }
        open(closed).close();
        open(copied).close();
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
