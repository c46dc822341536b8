package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The files of a staged log. A file is written under a temporary name and renamed when it is complete and forced. Thread-safe
 * for different files.
 *
 * <p>Each directory is listed once, as the files change only through this class.
 */
final class StagedFiles {
    private static final int CHUNK_BYTES = 256 * 1024;
    private static final String TEMPORARY = ".tmp";

    private final ObjectFiles objects;
    private final Storage storage;
    private final LogFiles names;
    private final @Nullable Storage local;
    private final Set<String> localNames;
    private final Set<String> staged = ConcurrentHashMap.newKeySet();
    private final Set<String> fetched = ConcurrentHashMap.newKeySet();

    /** The temporary files of an earlier attempt. */
    private final Set<String> incomplete = ConcurrentHashMap.newKeySet();

    private int reused;

    /** @param local storage of the log in the target, whose identical files are copied; null if there is none */
    StagedFiles(ObjectFiles objects, Storage storage, String prefix, @Nullable Storage local) throws IOException {
        this.objects = objects;
        this.storage = storage;
        this.names = LogFiles.of(storage, prefix);
        this.local = local;
        this.localNames = local == null ? Set.of() : Set.copyOf(local.list());
        for (String name : storage.list()) {
            (name.endsWith(TEMPORARY) ? incomplete : staged).add(name);
        }
    }

    Storage storage() {
        return storage;
    }

    LogFiles names() {
        return names;
    }

    /** Returns the number of files that were not fetched from the archive. */
    synchronized int reused() {
        return reused;
    }

    private synchronized void countReused() {
        reused++;
    }

    void force() throws IOException {
        storage.forceDirectory();
    }

    /** Deletes all files with other names, except for incomplete files with these names. */
    void retain(Collection<String> kept) throws IOException {
        Set<String> names = new HashSet<>(kept);
        kept.forEach(name -> names.add(temporary(name)));
        // Listed again: sealing and completing the log create files, too.
        for (String name : storage.list()) {
            if (!names.contains(name)) {
                storage.delete(name);
            }
        }
        staged.retainAll(kept);
        incomplete.retainAll(names);
    }

    /** Stages a file: keeps it if it is complete, or copies it from the target, or fetches it. */
    void stage(String name, StoredFile expected) throws IOException {
        if (staged.contains(name) && isComplete(storage, name, expected)) {
            if (!fetched.contains(name)) {
                countReused();
            }
            return;
        }
        String temporary = temporary(name);
        // What was fetched of a file in parts is continued by a later attempt.
        boolean continues = !expected.parts().isEmpty();
        try (FileSink sink = new FileSink(storage, temporary, incomplete, continues)) {
            if (local != null && localNames.contains(name) && isComplete(local, name, expected)) {
                sink.restart();
                copy(local, name, sink);
                countReused();
            } else {
                objects.fetch(expected, sink);
            }
            sink.finish();
        }
        storage.rename(temporary, name);
        fetched.add(name);
        staged.add(name);
    }

    private static String temporary(String name) {
        return "." + name + TEMPORARY;
    }

    private boolean isComplete(Storage where, String name, StoredFile expected) throws IOException {
        try (StorageFile file = where.openForReading(name)) {
            return file.size() == expected.fileBytes()
                    && objects.fileDigest(file, expected).equals(expected.fileSha256());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Writes the content of a file. */
    interface Content {
        void writeTo(ObjectFiles.Sink sink) throws IOException;
    }

    /** Creates a file. Returns when it is durable. */
    void create(String temporaryName, String name, Content content) throws IOException {
        String temporary = temporary(temporaryName);
        try (FileSink sink = new FileSink(storage, temporary, incomplete, false)) {
            sink.restart();
            content.writeTo(sink);
            sink.finish();
        }
        storage.rename(temporary, name);
        storage.forceDirectory();
    }

    /** Replaces a small file. Returns when it is durable. */
    void replace(String name, byte[] content) throws IOException {
        AtomicFile.replace(storage, name, temporary(name), ByteBuffer.wrap(content));
    }

    /** Copies a file of the log in the target. Returns when it is durable. */
    void copyLocal(String name) throws IOException {
        Storage from = Objects.requireNonNull(local);
        create(name, name, sink -> copy(from, name, sink));
    }

    private static void copy(Storage from, String name, ObjectFiles.Sink sink) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (InputStream in = StorageInputStream.of(from, name)) {
            for (int got = in.read(chunk); got >= 0; got = in.read(chunk)) {
                sink.write(chunk, got);
            }
        }
    }

    /** Deletes a file that turned out to be invalid. */
    void delete(String name) throws IOException {
        storage.delete(name);
        storage.forceDirectory();
        staged.remove(name);
    }

    /** A new file. If it is not finished it is deleted, or continued by the next attempt. */
    static final class FileSink implements ObjectFiles.Sink, AutoCloseable {
        private final Storage storage;
        private final String name;
        private final Set<String> incomplete;
        private final boolean continues;
        private @Nullable StorageFile file;
        private long position;
        private boolean finished;

        /**
         * @param incomplete the names of the files that exist and are not finished
         * @param continues whether it keeps its file if it is not finished
         */
        FileSink(Storage storage, String name, Set<String> incomplete, boolean continues) {
            this.storage = storage;
            this.name = name;
            this.incomplete = incomplete;
            this.continues = continues;
        }

        @Override
        public InputStream kept() throws IOException {
            return continues && incomplete.contains(name)
                    ? StorageInputStream.of(storage, name)
                    : ObjectFiles.Sink.super.kept();
        }

        @Override
        public void restart() throws IOException {
            close();
            delete();
            file = storage.create(name);
            incomplete.add(name);
            position = 0;
        }

        @Override
        public void rewind(long to) throws IOException {
            file = file == null ? storage.open(name) : file;
            position = to;
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            open().writeFully(ByteBuffer.wrap(bytes, 0, length), position);
            position += length;
        }

        /** Forces the file. */
        void finish() throws IOException {
            if (open().size() > position) {
                open().truncate(position);
            }
            open().force();
            finished = true;
            incomplete.remove(name);
        }

        private StorageFile open() {
            return Objects.requireNonNull(file);
        }

        private void delete() throws IOException {
            if (incomplete.remove(name)) {
                storage.delete(name);
            }
        }

        @Override
        public void close() throws IOException {
            if (file != null) {
                file.close();
                file = null;
                if (!finished && !continues) {
                    delete();
                }
            }
        }
    }
}
