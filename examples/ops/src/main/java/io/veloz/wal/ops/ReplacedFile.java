package io.veloz.wal.ops;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** Writes a file as a whole: a reader sees the old content or the new one. Stateless. */
final class ReplacedFile {
    private ReplacedFile() {}

    /** Throws a {@link CommandFailure} if the file cannot be written. A long command finds that out before it begins. */
    static void requireWritable(Path file) {
        Path parent = parent(file);
        if (!Files.isDirectory(parent) || !Files.isWritable(parent) || Files.isDirectory(file)) {
            throw new CommandFailure(
                    ExitCode.REFUSED, file + " cannot be written: expected a file in an existing, writable directory");
        }
    }

    static void write(Path file, String text) {
        Path next = parent(file).resolve("." + file.getFileName() + ".new");
        try {
            Files.write(next, text.getBytes(StandardCharsets.UTF_8));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new CommandFailure("cannot write " + file + ": " + e);
        }
    }

    private static Path parent(Path file) {
        return Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file is not the root of the file system");
    }
}
