package io.veloz.wal.bench.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Temporary directories of the benchmarks. */
final class Directories {
    private Directories() {}

    /** Creates a directory in the given one; an empty text means the temporary directory of the JVM. */
    static Path create(String parent) throws IOException {
        return parent.isEmpty()
                ? Files.createTempDirectory("wal-jmh-")
                : Files.createTempDirectory(Files.createDirectories(Path.of(parent)), "wal-jmh-");
    }

    static void delete(Path directory) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(directory)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.delete(path);
        }
    }
}
