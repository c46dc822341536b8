package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;

/** Translates errors of the file system into exceptions of the store. */
final class DirectoryErrors {
    /** With less free space than this, an I/O error without a reason is reported as a full disk. */
    private static final long NO_ROOM_BYTES = 64 * 1024;

    private DirectoryErrors() {}

    static StoreException translate(String action, Path root, IOException e) {
        if (e instanceof StoreException already) {
            return already;
        }
        String text = textOf(e);
        String message = "cannot " + action + " in " + root + ": ";
        if (text.contains("no space left") || text.contains("quota exceeded") || hasNoRoom(root, e)) {
            return new StoreUnavailableException(
                    message + "the disk is full (" + e.getMessage() + "); free space, and the next attempt succeeds",
                    e);
        }
        if (e instanceof AccessDeniedException || text.contains("permission denied")) {
            return new StoreDeniedException(
                    message + "permission denied (" + e.getMessage()
                            + "); expected a directory that this user may write",
                    e);
        }
        if (text.contains("read-only file system")) {
            return new StoreDeniedException(
                    message + "the file system is mounted read-only, by configuration or after an error ("
                            + e.getMessage() + ")",
                    e);
        }
        return new StoreUnavailableException(message + e, e);
    }

    /** Returns whether the path does not exist, or a parent of it is not a directory. */
    static boolean meansMissing(IOException e) {
        return e instanceof NoSuchFileException
                || e instanceof NotDirectoryException
                || textOf(e).contains("not a directory");
    }

    private static String textOf(IOException e) {
        return String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    }

    private static boolean hasNoRoom(Path root, IOException e) {
        if (e.getClass() != IOException.class) {
            return false;
        }
        try {
            FileStore store = Files.getFileStore(root);
            return !store.isReadOnly() && store.getUsableSpace() < NO_ROOM_BYTES;
        } catch (IOException unknown) {
            e.addSuppressed(unknown);
            return false;
        }
    }
}
