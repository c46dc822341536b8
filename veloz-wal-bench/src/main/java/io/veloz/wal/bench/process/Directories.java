package io.veloz.wal.bench.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Temporary directories of the benchmarks. */
public final class Directories {
    private Directories() {}

    /** Creates a directory in the given one; an empty text means the temporary directory of the JVM. */
    public static Path create(String parent, String prefix) throws IOException {
        return parent.isEmpty()
                ? Files.createTempDirectory(prefix)
                : Files.createTempDirectory(Files.createDirectories(Path.of(parent)), prefix);
    }

    /** Deletes a directory with its content, if it exists, and while a process that was killed still removes its files. */
    public static void delete(Path directory) throws IOException {
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
