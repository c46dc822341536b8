package io.veloz.wal.ops.doctor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the small files of /proc and /sys. A file that does not exist or cannot be read is unknown, which is not an error:
 * containers and systems other than Linux hide many of them. Immutable.
 */
final class KernelFiles {
    private static final int MAX_BYTES = 4 * 1024 * 1024;

    private final Path root;

    /** @param root the root of the file system; another directory for tests */
    KernelFiles(Path root) {
        this.root = root;
    }

    /** Returns a path below the root. */
    Path path(String absolute) {
        return root.resolve(absolute.substring(1));
    }

    Optional<byte[]> bytes(Path file) {
        try (InputStream stream = Files.newInputStream(file)) {
            return Optional.of(stream.readNBytes(MAX_BYTES));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns the content without white space at its ends. */
    Optional<String> text(Path file) {
        return bytes(file).map(content -> new String(content, StandardCharsets.UTF_8).strip());
    }

    /** Returns the path without links. */
    Optional<Path> real(Path path) {
        try {
            return Optional.of(path.toRealPath());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns the entries of a directory; none if it does not exist. */
    List<Path> entries(Path directory) {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(entries::add);
        } catch (IOException e) {
            return List.of();
        }
        return entries.stream().sorted().toList();
    }
}
