package io.veloz.wal;

import io.veloz.wal.internal.checkpoint.CheckpointFile;
import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentNames;
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
        return ofSlots(options, WalCheckpoint::newest);
    }

    /**
     * The good checkpoints of a log that need not be open, the newest first: for who cannot use the content of the first.
     *
     * @throws WalOpenException if the directory cannot be read
     */
    public static List<WalCheckpoint> good(ReadOptions options) {
        return ofSlots(
                options,
                (storage, slots) -> slots.valid().stream()
                        .map(file -> new WalCheckpoint(storage, file))
                        .toList());
    }

    static Optional<WalCheckpoint> newest(Storage storage, CheckpointSlots slots) throws IOException {
        return slots.newest().map(file -> new WalCheckpoint(storage, file));
    }

    private interface Use<T> {
        T of(Storage storage, CheckpointSlots slots) throws IOException;
    }

    private static <T> T ofSlots(ReadOptions options, Use<T> use) {
        Storage storage = options.openStorage();
        try {
            // Not by an analysis of the log, which reads much more: which log it is, is all that a checkpoint needs.
            LogId id = LogFiles.of(storage, options.prefix).findLogId();
            return use.of(storage, new CheckpointSlots(storage, new SegmentNames(options.prefix), id));
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
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

    /**
     * The content, as it was written: never that of another checkpoint. Close the stream, which belongs to one thread.
     *
     * @throws WalReplacedException if the log has written a newer checkpoint into this one's place: take
     *     {@link #newest} again. A stream that is open by then is not affected
     * @throws IOException if it cannot be read
     */
    public InputStream open() throws IOException {
        return file.open(storage);
    }
}
