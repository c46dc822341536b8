package io.veloz.wal.ops.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The space of a file system. Immutable.
 *
 * @param freeFiles the number of files that can still be created (inodes); -1 if unknown or without a limit
 */
public record Space(long usableBytes, long totalBytes, long freeFiles) {
    private static final long PATIENCE_SECONDS = 5;
    private static final int MAX_OUTPUT_BYTES = 256;

    static Space of(Path directory) throws IOException {
        FileStore store = Files.getFileStore(directory);
        return new Space(store.getUsableSpace(), store.getTotalSpace(), freeFiles(directory));
    }

    /** Asks {@code stat}, because Java has no method for this. */
    private static long freeFiles(Path directory) {
        try {
            Process stat = new ProcessBuilder("stat", "-f", "-c", "%d %c", directory.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                stat.getOutputStream().close();
                if (!stat.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    return -1;
                }
                byte[] output = stat.getInputStream().readNBytes(MAX_OUTPUT_BYTES);
                return parsed(new String(output, StandardCharsets.US_ASCII).strip());
            } finally {
                stat.destroyForcibly();
            }
        } catch (IOException e) {
            // Not a Unix system.
            return -1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
        }
    }

    /** Parses the free and the total number. File systems without a limit, such as btrfs, state a total of 0. */
    static long parsed(String output) {
        String[] words = output.split(" ", -1);
        boolean known = words.length == 2 && words[0].matches("\\d{1,18}") && words[1].matches("[1-9]\\d{0,17}");
        return known ? Long.parseLong(words[0]) : -1;
    }
}
