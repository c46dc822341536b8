package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.archive.ArchiveFill;
import io.veloz.wal.archive.ArchiveFillStatus;
import io.veloz.wal.archive.ArchiveReadCost;
import io.veloz.wal.archive.ArchiveReadOptions;
import io.veloz.wal.archive.ArchiveReader;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The log that a command reads: in a directory, or in an archive. Closing it prints what an archive has cost. Not thread-safe. */
final class LogSource implements AutoCloseable {
    private final ReadOptions options;
    private final @Nullable LogArguments directory;
    private final @Nullable ObjectStore store;
    private final @Nullable ArchiveReader archive;
    private final Streams streams;

    /** Throws a {@link CommandFailure} if the directory does not contain a log. */
    LogSource(LogArguments directory, Streams streams) {
        this.options = directory.options();
        this.directory = directory;
        this.store = null;
        this.archive = null;
        this.streams = streams;
    }

    /** Proves the archive, and prints notes about it. Closes the store with this source, or if the archive cannot be read. */
    LogSource(ObjectStore store, Streams streams) {
        ArchiveReader opened;
        try {
            opened = ArchiveReader.open(store, ArchiveReadOptions.defaults());
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
        this.options = opened.options();
        this.directory = null;
        this.store = store;
        this.archive = opened;
        this.streams = streams;
        opened.notes().forEach(note -> streams.err().println("note: " + note));
    }

    /** Returns options to read the whole log. */
    ReadOptions options() {
        return options;
    }

    Optional<ArchiveReader> archive() {
        return Optional.ofNullable(archive);
    }

    /** Returns whether a process has the log open for writing. */
    boolean hasWriter() {
        return directory != null && LogDirectory.hasWriter(directory.directory, directory.prefix);
    }

    /** Returns the number of checkpoint files, whether they can be read or not. */
    long checkpointFiles() {
        return directory == null ? 0 : LogDirectory.checkpointFiles(directory.directory, directory.prefix);
    }

    /** Returns the older segments that may be filled in; empty for an archive. */
    Optional<ArchiveFillStatus> pendingFill() {
        if (directory == null) {
            return Optional.empty();
        }
        try {
            return ArchiveFill.pending(LogFiles.of(DiskStorage.open(directory.directory), directory.prefix));
        } catch (WalCorruptException e) {
            // The trim mark is missing or damaged, which the report of the log states.
            return Optional.empty();
        }
    }

    /** Writes what the archive has cost so far. Writes nothing for a directory. */
    void writeCost(Json json) {
        if (archive != null) {
            ArchiveReadCost cost = archive.cost();
            json.name("cost").object();
            json.field("gets", cost.gets()).field("lists", cost.lists()).field("bytes", cost.bytes());
            json.endObject();
        }
    }

    static String text(ArchiveReadCost cost) {
        String lists = cost.lists() == 0 ? "" : " (" + Units.count(cost.lists(), "list") + ")";
        return Units.count(cost.requests(), "request") + lists + ", " + Units.exactBytes(cost.bytes());
    }

    @Override
    public void close() {
        if (archive != null && store != null) {
            archive.close();
            store.close();
            streams.err().println("cost: " + text(archive.cost()));
        }
    }
}
