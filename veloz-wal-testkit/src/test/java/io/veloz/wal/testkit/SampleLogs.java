package io.veloz.wal.testkit;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Undamaged logs as files, from which hostile ones are made. */
final class SampleLogs {
    static final Path CORE_RESOURCES = resources("veloz-wal-core");
    static final Path ORDERS_RESOURCES = resources("veloz-wal-orders");

    /** A log written by the first version; one with a trim, checkpoints and all sizes; one whose writer was killed. */
    static final List<Map<String, byte[]>> ALL =
            List.of(directory(CORE_RESOURCES.resolve("golden/v1")), closed(), killed());

    private SampleLogs() {}

    static Map<String, byte[]> directory(Path directory) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> list = Files.list(directory)) {
            for (Path file : list.filter(Files::isRegularFile).toList()) {
                if (!file.getFileName().toString().equals("expected.txt")) {
                    files.put(file.getFileName().toString(), Files.readAllBytes(file));
                }
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, byte[]> closed() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        LogWorkload.run(storage, new History<>(storage));
        return files(storage);
    }

    private static Map<String, byte[]> killed() {
        FaultyStorage storage = new FaultyStorage(2, DiskRules.WORST);
        Wal wal = Wal.open(LogWorkload.config(storage).build());
        append(wal, 6);
        wal.roll();
        append(wal, 6);
        FaultyStorage dead = storage.killProcess();
        try {
            wal.close();
        } catch (RuntimeException e) {
            // Expected: its disk has stopped.
        }
        return files(dead);
    }

    private static void append(Wal wal, int records) {
        for (int i = 0; i < records; i++) {
            wal.appendDurable(i + 1, ByteBuffer.allocate(i * 37));
            wal.appendDurable(new RecordGroup()
                    .add(7, ByteBuffer.wrap(new byte[] {1, 2, 3}))
                    .add(8, ByteBuffer.allocate(i)));
        }
    }

    static Map<String, byte[]> files(FaultyStorage storage) {
        Map<String, byte[]> files = new TreeMap<>();
        try {
            for (String name : storage.list()) {
                files.put(name, storage.bytes(name));
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static FaultyStorage storage(Map<String, byte[]> files) {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        files.forEach((name, bytes) -> {
            try (StorageFile file = storage.create(name)) {
                file.writeFully(ByteBuffer.wrap(bytes), 0);
                file.force();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return storage;
    }

    static List<Seen> records(Map<String, byte[]> files) {
        return new ArrayList<>(new Reading(ReadOptions.of(storage(files))).records);
    }

    private static Path resources(String module) {
        return Path.of(System.getProperty("basedir", "."), "..", module, "src", "test", "resources");
    }
}
