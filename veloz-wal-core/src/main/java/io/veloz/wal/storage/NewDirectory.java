package io.veloz.wal.storage;

import io.veloz.wal.WalOpenException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/**
 * A directory that gets its final name only when its content is complete. It belongs to one thread.
 *
 * <p>Crash table: before the rename, there is a partial directory, which its name distinguishes from a complete one.
 * After the force of the parent, there is the complete directory.
 */
public final class NewDirectory {
    private final Path target;
    private final Path partial;

    private NewDirectory(Path target, Path partial) {
        this.target = target;
        this.partial = partial;
    }

    /**
     * Checks that the target can be created. Creates nothing.
     *
     * @throws WalOpenException if the target is not empty, or a partial directory is left from an earlier attempt
     */
    public static NewDirectory at(Path target) throws IOException {
        Path wanted = target.toAbsolutePath().normalize();
        if (wanted.getFileName() == null) {
            throw new WalOpenException(wanted + " is the root of a file system; expected a new directory", null);
        }
        Path partial = wanted.resolveSibling(wanted.getFileName() + ".partial");
        checkFree(wanted);
        if (Files.exists(partial)) {
            throw new WalOpenException(partial + " is left from an earlier attempt; delete it first", null);
        }
        return new NewDirectory(wanted, partial);
    }

    private static void checkFree(Path target) throws IOException {
        if (!Files.exists(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new WalOpenException(target + " is a file; expected a new or an empty directory", null);
        }
        try (Stream<Path> files = Files.list(target)) {
            if (files.findAny().isPresent()) {
                throw new WalOpenException(target + " is not empty; expected a new or an empty directory", null);
            }
        }
    }

    /**
     * Returns the directory to write to until {@link #publish}: the target with the suffix ".partial". The caller
     * creates it.
     */
    public Path partial() {
        return partial;
    }

    /** Renames the directory to its final name, and returns when that is durable. Its content must already be durable. */
    public void publish() throws IOException {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel parent = FileChannel.open(target.resolveSibling("."), StandardOpenOption.READ)) {
            parent.force(true);
        }
    }
}
