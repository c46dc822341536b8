package io.veloz.wal.bench.detail;

import io.veloz.wal.bench.process.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A temporary directory, which is deleted at the end of a program. */
final class Scratch implements AutoCloseable {
    private final Path directory;
    private int children;

    private Scratch(Path directory) {
        this.directory = directory;
    }

    static Scratch in(String parent, String name) throws IOException {
        return new Scratch(Directories.create(parent, "wal-" + name + "-"));
    }

    /** Creates an empty directory. */
    Path create(String name) throws IOException {
        return Files.createDirectory(directory.resolve(name + "-" + ++children));
    }

    @Override
    public void close() throws IOException {
        Directories.delete(directory);
    }
}
