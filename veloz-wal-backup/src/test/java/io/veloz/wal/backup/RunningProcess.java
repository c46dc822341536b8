package io.veloz.wal.backup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Processes of the system, by their state in {@code /proc}. */
public final class RunningProcess {
    private RunningProcess() {}

    /** Returns whether a process runs. One that has ended and waits for its parent does not. */
    public static boolean runs(String pid) throws IOException {
        try {
            String stat = Files.readString(Path.of("/proc", pid, "stat"), StandardCharsets.ISO_8859_1);
            return !stat.substring(stat.lastIndexOf(')') + 1).startsWith(" Z");
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            // ESRCH: it ended between the open and the read.
            return Files.exists(Path.of("/proc", pid));
        }
    }
}
