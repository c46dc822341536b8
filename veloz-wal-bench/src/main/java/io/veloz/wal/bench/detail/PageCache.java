package io.veloz.wal.bench.detail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** Files and their copies in memory: the floor of everything that reads a log. */
final class PageCache {
    private static final int READ_BYTES = 1024 * 1024;

    private PageCache() {}

    /** Reads the first bytes of the files of a directory in their order, with one CRC-32C; returns seconds. */
    static double readAndCheck(Path directory, long bytes) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(READ_BYTES);
        CRC32C crc = new CRC32C();
        long left = bytes;
        long started = System.nanoTime();
        for (Path path : files(directory)) {
            try (FileChannel file = FileChannel.open(path)) {
                while (left > 0 && file.read(chunk.clear().limit((int) Math.min(READ_BYTES, left))) > 0) {
                    left -= chunk.position();
                    crc.update(chunk.flip());
                }
            }
        }
        return (System.nanoTime() - started) / 1e9;
    }

    static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
