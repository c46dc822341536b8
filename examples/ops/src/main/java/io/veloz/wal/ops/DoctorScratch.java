package io.veloz.wal.ops;

import io.veloz.wal.ops.doctor.ScratchNames;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/**
 * The directory for the scratch files of {@code doctor}, in the directory that it measures. Locked against a second
 * measurement. Not thread-safe.
 *
 * <p>Crash table: a killed measurement leaves the directory with some of the files of {@link ScratchNames}. The next one
 * deletes them. A directory with any other file is refused, because it was not made by this program.
 */
final class DoctorScratch implements Closeable {
    static final String NAME = "veloz-wal-doctor.scratch";
    private static final String LOCK = "doctor.lock";

    private final Path path;
    private final Storage storage;
    private final StorageLock lock;

    private DoctorScratch(Path path, Storage storage, StorageLock lock) {
        this.path = path;
        this.storage = storage;
        this.lock = lock;
    }

    /**
     * Creates the directory, or takes over what a killed measurement has left.
     *
     * @throws CommandFailure if the directory cannot be created, or contains other files
     * @throws io.veloz.wal.WalLockedException if another measurement uses it
     */
    static DoctorScratch create(Path directory) throws IOException {
        Path path = directory.resolve(NAME);
        try {
            Files.createDirectory(path);
        } catch (FileAlreadyExistsException e) {
            requireOurs(path);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.REFUSED, "cannot create " + path + ", and a measurement has to write: " + e);
        }
        Storage storage = DiskStorage.open(path);
        DoctorScratch scratch = new DoctorScratch(path, storage, storage.lock(LOCK));
        try {
            scratch.deleteFiles();
            return scratch;
        } catch (IOException e) {
            scratch.lock.close();
            throw e;
        }
    }

    private static void requireOurs(Path path) throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new CommandFailure(ExitCode.REFUSED, path + " is not a directory; move it away");
        }
        Storage storage = DiskStorage.open(path);
        List<String> names = storage.list();
        boolean foreign = names.stream().anyMatch(name -> !name.equals(LOCK) && !ScratchNames.ALL.contains(name));
        if (foreign || !storage.irregular().isEmpty()) {
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    path + " contains files that are not of this command; move it away: " + names
                            + storage.irregular().keySet());
        }
    }

    Storage storage() {
        return storage;
    }

    private void deleteFiles() throws IOException {
        for (String name : storage.list()) {
            if (ScratchNames.ALL.contains(name)) {
                storage.delete(name);
            }
        }
    }

    /** Deletes the files and the directory. */
    @Override
    public void close() throws IOException {
        try (lock) {
            deleteFiles();
        }
        Files.deleteIfExists(path.resolve(LOCK));
        try {
            Files.deleteIfExists(path);
        } catch (DirectoryNotEmptyException e) {
            // Another measurement has begun, and deletes the directory at its end.
            return;
        }
    }
}
