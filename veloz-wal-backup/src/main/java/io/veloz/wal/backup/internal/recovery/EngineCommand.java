package io.veloz.wal.backup.internal.recovery;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the commands that start, stop and observe an engine. Stateless. */
final class EngineCommand {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    private EngineCommand() {}

    /**
     * Runs a command without a shell, and returns its exit code.
     *
     * @param output of the command; a new file that only this user can read
     * @throws IOException if it cannot be run, or does not return in time
     */
    static int run(List<String> command, Path output) throws IOException {
        Files.createFile(output, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            // A file, not a pipe: a daemon that the command leaves behind may keep a pipe open.
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new IOException(
                        command.get(0) + " did not return within " + TIMEOUT.toSeconds() + " s, and was ended");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            // The command is not ended: a start that is killed on its way leaves less to know than one that ends.
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + command.get(0) + " ran", e);
        }
    }
}
