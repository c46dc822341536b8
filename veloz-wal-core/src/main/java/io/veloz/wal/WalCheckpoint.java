package io.veloz.wal;

import io.veloz.wal.internal.EpochNanos;
import io.veloz.wal.internal.checkpoint.CheckpointFile;
import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The durable and verified state of an application after a record. Immutable. Any thread may use it. */
public final class WalCheckpoint {
    private final Storage storage;
    private final CheckpointFile file;

    WalCheckpoint(Storage storage, CheckpointFile file) {
        this.storage = storage;
        this.file = file;
    }

    /**
     * Returns the newest good checkpoint of a log, which need not be open.
     *
     * @throws WalOpenException if the directory cannot be read
     */
    public static Optional<WalCheckpoint> newest(ReadOptions options) {
        return ofSlots(options, WalCheckpoint::newest);
    }

    /**
     * Returns the good checkpoints of a log, which need not be open, the newest first. The older one is for an
     * application that cannot use the content of the newest.
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
            // Reads the log id only. An analysis of the log would read much more.
            LogId id = LogFiles.of(storage, options.prefix)
                    .logId()
                    .map(LogId::parse)
                    .orElse(LogId.NONE);
            return use.of(storage, new CheckpointSlots(storage, new SegmentNames(options.prefix), id));
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    /** Returns the name of the checkpoint file in the directory. */
    public String file() {
        return file.name();
    }

    /** Returns the last record that the checkpoint covers. Replay continues with the next one. */
    public long sequence() {
        return file.sequence();
    }

    /** Returns when the checkpoint was written, in nanoseconds since 1970. */
    public long createdNanos() {
        return file.createdNanos();
    }

    /** Returns when the checkpoint was written. */
    public Instant created() {
        return EpochNanos.toInstant(createdNanos());
    }

    /** Returns the size of the content. */
    public long contentBytes() {
        return file.contentBytes();
    }

    /** Returns the CRC32C of the whole file. */
    public int checksum() {
        return file.checksum();
    }

    /**
     * Opens the content of this checkpoint, and never that of another. The caller must close the stream, which belongs
     * to one thread.
     *
     * @throws WalReplacedException if the log has replaced this checkpoint by a newer one: call {@link #newest} again. A
     *     stream that is already open is not affected
     * @throws IOException if the content cannot be read
     */
    public InputStream open() throws IOException {
        return file.open(storage);
    }

    @Override
    public String toString() {
        return "WalCheckpoint[directory=" + storage.describe() + ", file=" + file() + ", sequence=" + sequence()
                + ", created=" + created() + ", contentBytes=" + contentBytes() + "]";
    }
}
