package io.veloz.wal.bench.detail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A temporary directory, which is deleted at the end of a program. */
final class Scratch implements AutoCloseable {
    private final Path directory;
    private int children;

    private Scratch(Path directory) {
        this.directory = directory;
    }

    static Scratch in(String parent, String name) throws IOException {
        return new Scratch(
                parent.isEmpty()
                        ? Files.createTempDirectory("wal-" + name + "-")
                        : Files.createTempDirectory(Files.createDirectories(Path.of(parent)), "wal-" + name + "-"));
    }

    /** Creates an empty directory. */
    Path create(String name) throws IOException {
        return Files.createDirectory(directory.resolve(name + "-" + ++children));
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

    @Override
    public void close() throws IOException {
        delete(directory);
    }
}
