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
 * The engine's own log, as the demo ships it, and what the engine's own replay made of it. Immutable.
 *
 * @param directory with the log's files
 * @param replayJson the orders as the engine restored them
 */
record EngineLog(Path directory, Path replayJson) {
    private static final String RESOURCE = "b-typical.zip";

    /** Unpacks it into a directory. */
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

    /** Where {@link #unpackInto} has put it. */
    static EngineLog unpackedIn(Path target) {
        return new EngineLog(target.resolve("b-typical/wal"), target.resolve("b-typical/replay.json"));
    }

    LegacyLog open() {
        return LegacyLog.open(directory);
    }

    /** What its files take. */
    long bytes() throws IOException {
        long bytes = 0;
        for (Path file : open().files()) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /** Its events, in the order in which they happened. */
    List<OrderEvent> events() {
        List<OrderEvent> events = new ArrayList<>();
        open().forEach((sequence, nanos, event) -> events.add(event));
        return List.copyOf(events);
    }
}
