package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.internal.recovery.Recovery.Recovered;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.StorageLock;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A write-ahead log: what it has acknowledged survives the death of the process and of the machine, and comes back in
 * order. Any thread may call any method, platform or virtual; an interrupt of a caller never harms the log, and stays
 * pending.
 *
 * <p>One process and one instance at a time may have a directory open. Readers may be as many as there are.
 *
 * <p>Every method throws {@link IllegalStateException} after {@link #close}, and {@link WalFailedException} after a write
 * or a force has failed.
 */
public final class Wal implements AutoCloseable {
    private final WalConfig config;
    private final Storage storage;
    private final SegmentNames names;
    private final SharedLock lock;
    private final RecoveryReport report;
    private final LogWriter writer;
    private final Appender appender;
    private final Reading reading;
    private final Checkpoints checkpoints;
    private final List<TrimGuard> guards = new CopyOnWriteArrayList<>();
    private final AtomicBoolean closed;

    /** Opens the log in a directory with all settings as they are. See {@link #open(WalConfig)}. */
    public static Wal open(Path directory) {
        return open(WalConfig.builder(directory).build());
    }

    /**
     * Opens a log, or creates it, and finishes whatever a crash has interrupted.
     *
     * <p>When this returns every record that a replay will show is on disk, and appending goes on behind the last of them.
     *
     * @throws WalLockedException if somebody else has it open
     * @throws WalOpenException if the directory cannot be used, or a restore into it has not ended
     * @throws WalDiskFullException if there is no room for a segment; reading is possible all the same
     * @throws WalCorruptException if acknowledged data is damaged or missing; nothing was changed
     * @throws WalVersionException if it is in a format that this version does not know; nothing was changed
     */
    public static Wal open(WalConfig config) {
        Storage storage = config.openStorage();
        try {
            return UninterruptibleThread.call("veloz-wal-open " + storage.describe(), () -> open(config, storage));
        } catch (StorageFullException e) {
            throw new WalDiskFullException(
                    "no room to open " + storage.describe() + ": up to two segments of " + config.segmentBytes()
                            + " bytes are needed: " + e.getMessage(),
                    e);
        } catch (IOException e) {
            throw new WalOpenException("cannot open " + storage.describe() + ": " + e, e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new WalOpenException("cannot open " + storage.describe() + ": " + e, e);
        }
    }

    private static Wal open(WalConfig config, Storage storage) throws IOException {
        SegmentNames names = new SegmentNames(config.prefix());
        StorageLock lock = storage.lock(names.lock());
        try {
            LogFiles.checkNoRestore(storage, names);
            Recovery.Settings settings =
                    new Recovery.Settings(config.segmentBytes(), config.maxBatchBytes(), config.wallClockNanos());
            Recovered recovered = new Recovery(storage, names, settings, config.acceptMissingEnds()).recover();
            try {
                return start(config, storage, names, lock, recovered);
            } catch (Throwable t) {
                closeAfter(t, recovered.activeFile());
                throw t;
            }
        } catch (Throwable t) {
            closeAfter(t, lock);
            throw t;
        }
    }

    /** Connects all parts, see {@link Wiring}, and starts the threads. If this throws, no thread runs. */
    private static Wal start(
            WalConfig config, Storage storage, SegmentNames names, StorageLock lock, Recovered recovered) {
        Wiring parts = new Wiring(config, storage, names, lock, recovered);
        Wal wal = new Wal(config, storage, names, recovered.report(), parts);
        parts.writer.event(listener -> listener.onOpened(recovered.report()));
        // Last: after the threads have started nothing may fail, because nothing would end them.
        parts.writer.start(Thread::start);
        return wal;
    }

    private static void closeAfter(Throwable failure, Closeable what) {
        try {
            what.close();
        } catch (Throwable t) {
            // The first failure is the one to report.
            failure.addSuppressed(t);
        }
    }

    private Wal(WalConfig config, Storage storage, SegmentNames names, RecoveryReport report, Wiring parts) {
        this.config = config;
        this.storage = storage;
        this.names = names;
        this.lock = parts.sharedLock;
        this.report = report;
        this.writer = parts.writer;
        this.appender = parts.appender;
        this.reading = parts.reading;
        this.checkpoints = parts.checkpoints;
        this.closed = parts.closed;
        guards.add(checkpoints);
    }

    /** What was found when the log was opened. */
    public RecoveryReport recovery() {
        return report;
    }

    /** The settings in force. */
    public WalConfig config() {
        return config;
    }

    // ---- append

    /**
     * Appends a record with the log's durability and the time of now. Returns its sequence as soon as it has one: it is
     * <em>not durable yet</em>. If the buffer is full this waits for room.
     *
     * @param type 1 to 65,535; means nothing to the log
     * @param payload the bytes from its position to its limit, at most {@link WalConfig#maxPayloadBytes()}; not kept, and
     *     not moved. If it cannot be read (a closed arena, a mapped file that was cut), or changes meanwhile, this throws,
     *     and the record was not appended
     * @throws WalBusyException if the buffer stayed full; the record was not appended
     * @throws WalDiskFullException if the disk is full; the record was not appended
     */
    public long append(int type, ByteBuffer payload) {
        return appender.append(type, payload, config.durability());
    }

    /** As {@link #append(int, ByteBuffer)}, with a durability of its own. */
    public long append(int type, ByteBuffer payload, Durability durability) {
        return appender.append(type, payload, durability);
    }

    /**
     * Appends records that come back together or not at all, as {@link #append(int, ByteBuffer)} does.
     *
     * @return the sequence of the last one; they follow each other without a gap
     */
    public long append(RecordGroup group) {
        return appender.append(group, config.durability());
    }

    /** As {@link #append(RecordGroup)}, with a durability of its own. */
    public long append(RecordGroup group, Durability durability) {
        return appender.append(group, durability);
    }

    /**
     * Appends a record, and returns its sequence when it is on disk, whatever the log's durability is. If the disk gets
     * full when the record is accepted already, this waits until there is room, or the log is closed.
     *
     * @throws WalFailedException if the disk fails; whether the record is there, the next open will show
     */
    public long appendDurable(int type, ByteBuffer payload) {
        long sequence = appender.append(type, payload, Durability.LOSE_NOTHING);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
        return sequence;
    }

    /** Appends records that come back together or not at all, and returns the last sequence when all are on disk. */
    public long appendDurable(RecordGroup group) {
        long sequence = appender.append(group, Durability.LOSE_NOTHING);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
        return sequence;
    }

    /**
     * Appends a record; the future completes with its sequence when it is on disk, or with {@link WalFailedException}.
     *
     * <p>Futures complete in the order of the sequences, on one thread of the log, and callbacks run there too. A slow
     * callback delays all later futures, and no commit. A callback may append, and wait for records with
     * {@link #awaitDurable} or {@link #appendDurable}. It must not wait for a future of {@link #appendAsync}, nor call
     * {@link #close}: both would wait for the callback itself, and throw {@link IllegalStateException} at once. Use
     * {@code thenCompose}. To cancel a future does not take the record back.
     *
     * @throws WalBusyException also if more than {@link WalConfig#maxPendingFutures} records wait to be delivered; at once
     *     if a callback is the caller
     */
    public CompletableFuture<Long> appendAsync(int type, ByteBuffer payload) {
        return appender.appendAsync(type, payload);
    }

    /** As {@link #appendAsync(int, ByteBuffer)}, for records that come back together; with the last one's sequence. */
    public CompletableFuture<Long> appendAsync(RecordGroup group) {
        return appender.appendAsync(group);
    }

    // ---- wait

    /** The last sequence that was given to a record; 0 if there has never been one. */
    public long lastSequence() {
        return writer.lastSequence();
    }

    /** Every record up to this one is on disk. Stays what it was when the log is closed or has failed. */
    public long durableSequence() {
        return writer.durableSequence();
    }

    /**
     * Returns when a record is on disk.
     *
     * <p>A record that was appended with a relaxed durability gets there by itself, or not, as {@link Durability} says; to
     * have it forced now call {@link #sync}.
     *
     * @param sequence of a record that has been appended
     * @throws IllegalArgumentException if no record has that sequence yet
     */
    public void awaitDurable(long sequence) {
        checkAppended(sequence);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
    }

    /** As {@link #awaitDurable(long)}; returns false if it took longer. */
    public boolean awaitDurable(long sequence, Duration timeout) {
        checkAppended(sequence);
        return writer.awaitDurable(sequence, Reading.nanos(timeout));
    }

    private void checkAppended(long sequence) {
        if (sequence > writer.lastSequence()) {
            throw new IllegalArgumentException(
                    "record " + sequence + " has not been appended; the last one is " + writer.lastSequence());
        }
    }

    /** Returns when every record appended before this call is on disk, whatever its durability. */
    public void sync() {
        checkOpen();
        long sequence = writer.lastSequence();
        writer.requestForce(sequence);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
    }

    /** As {@link #sync()}; returns false if it took longer. The force goes on. */
    public boolean sync(Duration timeout) {
        checkOpen();
        long sequence = writer.lastSequence();
        writer.requestForce(sequence);
        return writer.awaitDurable(sequence, Reading.nanos(timeout));
    }

    /**
     * Returns when every record appended before this call is in a sealed segment. Does nothing if all are. If the disk is
     * full this waits until there is room for the next segment, or the log is closed.
     *
     * @throws WalFailedException if the next segment could not be made, for another reason, in ten attempts
     */
    public void roll() {
        checkOpen();
        writer.roll(writer.lastSequence());
    }

    // ---- read

    /**
     * Reads this log from its oldest record, and on as it grows. The reader shows what is durable, and goes on working, up
     * to the last durable record, when the log is closed.
     */
    public WalReader reader() {
        return reader(ReadOptions.of(storage));
    }

    /** As {@link #reader()}, with a start, an end or a salvage of one's own; directory and prefix are this log's. */
    public WalReader reader(ReadOptions options) {
        DurableLimit limit = DurableLimit.of(writer::durableSequence, reading);
        return WalReader.open(options.prefix(config.prefix()), storage, limit, reading, reading);
    }

    /** The files of this log, to be copied. */
    public LogFiles files() {
        return LogFiles.of(storage, config.prefix());
    }

    /**
     * Reads this log's segments as bytes, behind what a copy has of them: see {@link SegmentReader#open}. It shows what is
     * durable, and goes on working, up to the last durable record, when the log is closed.
     */
    public SegmentReader segmentReader(long afterSegment, long afterPosition, long afterSequence) {
        DurableLimit limit = DurableLimit.of(reading::durableSequence, reading);
        return SegmentReader.open(files(), limit, reading, afterSegment, afterPosition, afterSequence);
    }

    // ---- checkpoints and trimming

    /**
     * Writes a checkpoint: the state that an application had after a record, so that its next replay can start there.
     * Returns when it is on disk and has been read back. The two newest are kept. If the log is closed meanwhile the
     * directory stays locked until the checkpoint is written.
     *
     * @param sequence the content covers every record up to this one, which must be durable
     * @throws IllegalArgumentException if the sequence is not durable, or below that of the newest checkpoint
     * @throws WalDiskFullException if there is no room; the checkpoints there were are untouched
     * @throws UncheckedIOException if it cannot be written; the checkpoints there were are untouched
     */
    public WalCheckpoint writeCheckpoint(long sequence, CheckpointContent content) {
        checkOpen();
        return checkpoints.write(sequence, content);
    }

    /** The newest checkpoint that is whole; empty if there is none. */
    public Optional<WalCheckpoint> newestCheckpoint() {
        checkOpen();
        return checkpoints.newest();
    }

    /** Adds somebody whose needs {@link #trim} respects. The log's own checkpoints are always respected. */
    public void addTrimGuard(TrimGuard guard) {
        guards.add(guard);
    }

    /** Takes away the guards of that name; there may be none. */
    public void removeTrimGuards(String name) {
        guards.removeIf(guard -> guard.name().equals(name));
    }

    /**
     * Deletes sealed segments whose records nobody needs: no guard holds one back, and each of the two checkpoints covers
     * them, so that one of the two may go bad. Returns when that is durable. Appends and rolls go on meanwhile. A close
     * ends it after the file that is being deleted; the next open deletes the rest.
     *
     * @param keepSegments so many sealed segments stay in any case
     */
    public TrimReport trim(int keepSegments) {
        checkOpen();
        if (keepSegments < 0) {
            throw new IllegalArgumentException("keepSegments " + keepSegments + ": expected 0 or more");
        }
        return Trim.run(writer, guards, keepSegments);
    }

    // ---- observe

    /** A snapshot of the counters. Cheap: takes no lock, and may be called at any rate. */
    public WalStats stats() {
        return WalStats.of(writer, report);
    }

    // ---- close

    private void checkOpen() {
        writer.throwIfFailed();
        if (closed.get()) {
            throw new IllegalStateException("the log is closed");
        }
    }

    /**
     * Commits everything that was appended, and closes the files. When this returns every append has been acknowledged, or
     * failed, and every future is complete. Of two threads that call it at once the second waits for the first. A further
     * call does nothing.
     *
     * @throws IllegalStateException if a callback or the listener calls it: it would wait for itself. The log stays open
     * @throws WalFailedException if the log has failed, or the disk took longer than {@link WalConfig#closeTimeout()}. In
     *     the latter case the directory stays locked until the disk answers, or the process ends
     * @throws WalBusyException if all is on disk and the directory is free, but a callback or the listener has not returned
     *     within {@link WalConfig#closeTimeout()}: futures are pending, and complete when it returns. Call it again to wait
     */
    @Override
    public void close() {
        writer.refuseOnOwnThread("close");
        closed.set(true);
        writer.close(lock::release);
    }

    @Override
    public String toString() {
        return "Wal " + storage.describe() + " (" + names.prefix() + ")";
    }
}
