package io.veloz.wal.demo;

import io.veloz.wal.legacy.LegacyLog;
import io.veloz.wal.orders.OrderEvent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * An old log of the engine that is bundled with the demo, and the result of the engine's replay. Immutable.
 *
 * @param directory directory of the log's files
 * @param replayJson the orders that the engine restored
 */
record EngineLog(Path directory, Path replayJson) {
    private static final String RESOURCE = "b-typical.zip";

    /** Unpacks the log into a directory. */
    static EngineLog unpackInto(Path target) throws IOException {
        try (InputStream resource = EngineLog.class.getResourceAsStream(RESOURCE)) {
            if (resource == null) {
                throw new IOException(RESOURCE + " is missing in this jar; build it with mvn package");
            }
            ZipInputStream zip = new ZipInputStream(resource);
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                Path file = target.resolve(entry.getName());
                Files.createDirectories(file.resolveSibling(""));
                Files.copy(zip, file);
            }
        }
        return unpackedIn(target);
    }

    /** Returns the log that {@link #unpackInto} has unpacked. */
    static EngineLog unpackedIn(Path target) {
        return new EngineLog(target.resolve("b-typical/wal"), target.resolve("b-typical/replay.json"));
    }

    LegacyLog open() {
        return LegacyLog.open(directory);
    }

    /** Returns the size of its files. */
    long bytes() throws IOException {
        long bytes = 0;
        for (Path file : open().files()) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /** Returns its events in order. */
    List<OrderEvent> events() {
        List<OrderEvent> events = new ArrayList<>();
        open().forEach((sequence, nanos, event) -> events.add(event));
        return List.copyOf(events);
    }
}
