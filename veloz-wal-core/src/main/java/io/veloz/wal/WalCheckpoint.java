package io.veloz.wal;

import io.veloz.wal.internal.checkpoint.CheckpointFile;
import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** An application's state as it was after a record, on disk and checked. Immutable; any thread may use it. */
public final class WalCheckpoint {
    private final Storage storage;
    private final CheckpointFile file;

    WalCheckpoint(Storage storage, CheckpointFile file) {
        this.storage = storage;
        this.file = file;
    }

    /**
     * The newest good checkpoint of a log that need not be open.
     *
     * @throws WalOpenException if the directory cannot be read
     */
    public static Optional<WalCheckpoint> newest(ReadOptions options) {
        return good(options).stream().findFirst();
    }

    /**
     * The good checkpoints of a log that need not be open, the newest first: for who cannot use the content of the first.
     *
     * @throws WalOpenException if the directory cannot be read
     */
    public static List<WalCheckpoint> good(ReadOptions options) {
        Storage storage = options.openStorage();
        SegmentNames names = new SegmentNames(options.prefix);
        try {
            return BesideWriter.look(() -> storage.isLocked(names.lock()), (live, last) -> {
                var analysis = new Analyser(storage, names, Analyser.Depth.STRUCTURE, true, true).analyse();
                return good(storage, new CheckpointSlots(storage, names, analysis.logId()));
            });
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    static List<WalCheckpoint> good(Storage storage, CheckpointSlots slots) throws IOException {
        return slots.good().stream()
                .map(file -> new WalCheckpoint(storage, file))
                .toList();
    }

    /** The name of its file in the directory. */
    public String file() {
        return file.name();
    }

    /** It covers every record up to this one: replay goes on behind it. */
    public long sequence() {
        return file.sequence();
    }

    /** When it was made, in nanoseconds since 1970. */
    public long createdNanos() {
        return file.createdNanos();
    }

    public long contentBytes() {
        return file.contentBytes();
    }

    /** CRC32C of the whole file. */
    public int checksum() {
        return file.checksum();
    }

    /** The content, as it was written. Close the stream. */
    public InputStream open() throws IOException {
        return file.open(storage);
    }
}
