package io.veloz.wal.bench.process;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The page cache of this machine. */
public final class KernelCache {
    private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");
    private static final int TIMEOUT_SECONDS = 60;

    private KernelCache() {}

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
