package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;

/**
 * A read-only view of some files of a directory under other names, such as the log as it will be after a repair. One file may have
 * another header page in it. The caller has the lock of the log. Immutable.
 */
final class NameView extends ForwardingStorage {
    private final Storage directory;
    private final Map<String, String> names;
    private final String headerOf;
    private final byte[] header;

    /** @param names the names in the directory by the names in the view */
    NameView(Storage directory, Map<String, String> names) {
        this(directory, names, "", new byte[0]);
    }

    private NameView(Storage directory, Map<String, String> names, String headerOf, byte[] header) {
        super(directory);
        this.directory = directory;
        this.names = Map.copyOf(names);
        this.headerOf = headerOf;
        this.header = header;
    }

    /** Returns this view with another header page in one file. */
    NameView withHeader(String name, byte[] page) {
        return new NameView(directory, names, name, page);
    }

    @Override
    public List<String> list() {
        return List.copyOf(names.keySet());
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        String actual = names.get(name);
        if (actual == null) {
            throw new NoSuchFileException(name);
        }
        StorageFile file = directory.openForReading(actual);
        return name.equals(headerOf) ? new HeaderView(file, header) : file;
    }

    @Override
    public boolean isLocked(String name) {
        return false;
    }

    @Override
    public StorageFile create(String name) {
        throw readOnly();
    }

    @Override
    public StorageFile open(String name) {
        throw readOnly();
    }

    @Override
    public void rename(String from, String to) {
        throw readOnly();
    }

    @Override
    public void delete(String name) {
        throw readOnly();
    }

    @Override
    public void forceDirectory() {
        throw readOnly();
    }

    @Override
    public StorageLock lock(String name) {
        throw readOnly();
    }

    private static UnsupportedOperationException readOnly() {
        return new UnsupportedOperationException("this view is read-only");
    }
}
