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
 * A directory that has its name only when everything in it is on disk. It belongs to one thread.
 *
 * <p>Crash table: until the rename there is a partial directory, which nobody takes for a whole one; after the force of
 * its parent there is the whole one.
 */
public final class NewDirectory {
    private final Path target;
    private final Path partial;

    private NewDirectory(Path target, Path partial) {
        this.target = target;
        this.partial = partial;
    }

    /**
     * Checks that nothing is in the way. Creates nothing.
     *
     * @throws WalOpenException if the target is there and not empty, or a partial one is left from an earlier attempt
     */
    public static NewDirectory at(Path target) throws IOException {
        Path wanted = target.toAbsolutePath().normalize();
        if (wanted.getFileName() == null) {
            throw new WalOpenException(wanted + " is the root of a file system; expected a new directory", null);
        }
        Path partial = wanted.resolveSibling(wanted.getFileName() + ".partial");
        checkFree(wanted);
        if (Files.exists(partial)) {
            throw new WalOpenException(partial + " is left from an earlier attempt; remove it first", null);
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

    /** Where to write until {@link #publish}: the name of the target with ".partial" behind it. Not there yet. */
    public Path partial() {
        return partial;
    }

    /** Gives the directory its name, and returns when that is durable. What is in it must be on disk before. */
    public void publish() throws IOException {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel parent = FileChannel.open(target.resolveSibling("."), StandardOpenOption.READ)) {
            parent.force(true);
        }
    }
}
