package io.veloz.wal.bench.process;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** The page cache of this machine, and the floor of everything that reads a log. */
public final class PageCache {
    private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");
    private static final int TIMEOUT_SECONDS = 60;

    private static final int READ_BYTES = 1024 * 1024;

    private PageCache() {}

    /** Reads the first bytes of files in their order, with one CRC-32C; returns seconds. */
    public static double readAndCheck(List<Path> files, long bytes) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(READ_BYTES);
        CRC32C crc = new CRC32C();
        long left = bytes;
        long started = System.nanoTime();
        for (Path path : files) {
            try (FileChannel file = FileChannel.open(path)) {
                while (left > 0 && file.read(chunk.clear().limit((int) Math.min(READ_BYTES, left))) > 0) {
                    left -= chunk.position();
                    crc.update(chunk.flip());
                }
            }
        }
        return (System.nanoTime() - started) / 1e9;
    }

    /** Returns the files of a directory and of those in it. */
    public static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** Empties the page cache; false if this process may not. The kernel keeps dirty pages, so they are written first. */
    public static boolean drop() throws IOException, InterruptedException {
        if (!Files.isWritable(DROP_CACHES)) {
            return false;
        }
        sync();
        Files.write(DROP_CACHES, "1".getBytes(StandardCharsets.US_ASCII));
        return true;
    }

    private static void sync() throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder("sync")
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            // The command is not installed. Only pages that the log has not forced stay in the cache.
            return;
        }
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("sync did not end within " + TIMEOUT_SECONDS + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException("sync ended with exit code " + process.exitValue());
        }
    }
}
