package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Makes a file's bytes, or a directory's names, durable (fsync). To open and to force are apart, because only a failed
 * force leaves a state that no later force can repair. Tests put one here that fails.
 */
interface DirectoryForce {
    DirectoryForce REAL = (channel, path) -> channel.force(true);

    default FileChannel open(Path path) throws IOException {
        return FileChannel.open(path, StandardOpenOption.READ);
    }

    void force(FileChannel channel, Path path) throws IOException;
}
