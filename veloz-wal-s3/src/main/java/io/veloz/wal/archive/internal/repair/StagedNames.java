package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * The new files of a repair. They are in the directory of the log, with a prefix before their names, so that the log does not
 * read them and each takes its place by one rename. Thread-safe for different files.
 */
final class StagedNames extends ForwardingStorage {
    static final String PREFIX = ".repair-";

    private final Storage directory;

    StagedNames(Storage directory) {
        super(directory);
        this.directory = directory;
    }

    static String staged(String name) {
        return PREFIX + name;
    }

    /** Deletes all files of an earlier repair. */
    void clear() throws IOException {
        for (String name : list()) {
            delete(name);
        }
    }

    @Override
    public List<String> list() throws IOException {
        return directory.list().stream()
                .filter(name -> name.startsWith(PREFIX))
                .map(name -> name.substring(PREFIX.length()))
                .toList();
    }

    @Override
    public Map<String, String> irregular() {
        return Map.of();
    }

    @Override
    public StorageFile create(String name) throws IOException {
        return directory.create(staged(name));
    }

    @Override
    public StorageFile open(String name) throws IOException {
        return directory.open(staged(name));
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        return directory.openForReading(staged(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        directory.rename(staged(from), staged(to));
    }

    @Override
    public void delete(String name) throws IOException {
        directory.delete(staged(name));
    }

    /** The repair has the lock of the log. */
    @Override
    public boolean isLocked(String name) {
        return false;
    }
}
