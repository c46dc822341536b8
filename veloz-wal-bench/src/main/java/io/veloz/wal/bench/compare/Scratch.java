package io.veloz.wal.bench.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The directory in which a run writes its logs. It is deleted at the end; a log is deleted after its measurement. */
final class Scratch implements AutoCloseable {
    private final Path directory;

    Scratch(Path parent) throws IOException {
        this.directory = Files.createTempDirectory(Files.createDirectories(parent), "veloz-wal-compare-");
    }

    Path directory() {
        return directory;
    }

    /** Returns an empty directory of a name, and deletes what it contained. */
    Path empty(String name) throws IOException {
        Path result = directory.resolve(name);
        delete(result);
        return Files.createDirectories(result);
    }

    /** Deletes everything. Can be called again, and while a process that was killed still removes its files. */
    @Override
    public void close() throws IOException {
        delete(directory);
    }

    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> files = Files.walk(directory)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof NoSuchFileException) {
                delete(directory);
                return;
            }
            throw e.getCause();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
