package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageInputStream;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;

/**
 * The file in the log's directory that names the writers which acquired epochs from it, and the last kept slot that the store
 * confirmed. It is replaced atomically, under a lock, as several shippers may run in one directory for a while: a writer adds
 * itself after it has read the tip, so a writer whose EPOCH follows another one's in the chain follows it in the file, too. An
 * instance is confined to one thread.
 *
 * <p>Crash table. Order matters: an id is added and forced before its EPOCH slot is put, and older ids are removed only when
 * the new EPOCH slot is known to be in the chain.
 *
 * <pre>
 * after the id was added, before the put: the file has an id without an epoch, which is harmless
 * after the put, its answer lost:         the id is in the file, so the next start may continue
 * after the confirmation:                 the file has older ids too; none of their slots can follow in the chain
 * </pre>
 */
public final class DirectoryFile {
    private final Storage storage;
    private final String name;
    private DirectoryState state;

    private DirectoryFile(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
        this.state = DirectoryState.initial(SlotWriter.randomId());
    }

    /**
     * Reads the file of an archive. If it does not exist, nothing is written yet.
     *
     * @throws DamagedDirectoryFileException if it is damaged
     */
    public static DirectoryFile open(LogFiles files, LogIdentity identity) throws IOException {
        String name = DirectoryState.fileName(files.prefix(), identity);
        DirectoryFile file = new DirectoryFile(files.storage(), name);
        file.read();
        return file;
    }

    /** Reads what another shipper may have written meanwhile. */
    void read() throws IOException {
        try (InputStream in = StorageInputStream.of(storage, name)) {
            state = DirectoryState.decode(storage.describe() + "/" + name, in.readNBytes(DirectoryState.MAX_BYTES));
        } catch (NoSuchFileException e) {
            // The first start from this directory.
        } catch (BadObjectException e) {
            throw new DamagedDirectoryFileException(e);
        }
    }

    String instance() {
        return state.instance();
    }

    boolean hasWritten(String writer) {
        return state.writers().contains(writer);
    }

    SlotRef kept() {
        return state.kept();
    }

    /** Returns the epoch of another directory that this one may replace; 0 for none. */
    public long takeOver() {
        return state.takeOver();
    }

    /** Records an operator's decision that this directory replaces the writer of an epoch. Returns when it is durable. */
    @SuppressWarnings("try")
    public void permit(long epoch) throws IOException {
        try (StorageLock lock = lock()) {
            read();
            replace(state.permitting(epoch));
        }
    }

    /** Adds a writer that will put an EPOCH slot. Returns when the file is durable. */
    @SuppressWarnings("try")
    void add(String writer) throws IOException {
        try (StorageLock lock = lock()) {
            read();
            DirectoryState next = state.adding(writer);
            if (!next.equals(state)) {
                replace(next);
            }
        }
    }

    /** A kept slot of this writer, which may be its EPOCH slot, is in the chain. */
    @SuppressWarnings("try")
    void confirmed(String writer, SlotRef kept) throws IOException {
        try (StorageLock lock = lock()) {
            read();
            replace(state.confirming(writer, kept));
        }
    }

    private StorageLock lock() throws IOException {
        try {
            return storage.lock(name + ".lock");
        } catch (WalLockedException e) {
            throw new IOException("another shipper replaces " + storage.describe() + "/" + name, e);
        }
    }

    private void replace(DirectoryState next) throws IOException {
        AtomicFile.replace(storage, name, name + ".tmp", ByteBuffer.wrap(next.encode()));
        state = next;
    }
}
