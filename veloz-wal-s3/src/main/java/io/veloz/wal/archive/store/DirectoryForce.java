package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Makes a file's bytes, or a directory's names, durable. Tests put one here that fails. */
interface DirectoryForce {
    DirectoryForce REAL = path -> {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    };

    void force(Path path) throws IOException;
}
