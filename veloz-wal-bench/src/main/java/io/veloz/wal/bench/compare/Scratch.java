package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.process.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

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
        Directories.delete(result);
        return Files.createDirectories(result);
    }

    /** Deletes everything. Can be called again, and while a process that was killed still removes its files. */
    @Override
    public void close() throws IOException {
        Directories.delete(directory);
    }
}
