package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.jfr.JfrEvents;
import io.veloz.wal.internal.jfr.RecoveryEvent;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.internal.recovery.Recovery.Recovered;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.internal.segment.SegmentMaker;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import io.veloz.wal.spi.SegmentReader;
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
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A write-ahead log. Every acknowledged record survives a crash of the process and of the machine, and is replayed in
 * order.
 *
 * <p>Thread-safe: any thread may call any method, platform or virtual. An interrupt of a caller never harms the log, and
 * stays pending.
 *
 * <p>Only one instance in one process may have a directory open at a time. The number of readers is not limited.
 *
 * <p>Appends, syncs, rolls, checkpoints and trims throw {@link IllegalStateException} after {@link #close}, and
 * {@link WalFailedException} after a write or a force (fsync) has failed. Positions, statistics and readers remain usable.
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

    /** Opens the log in a directory with the default settings. See {@link #open(WalConfig)}. */
    public static Wal open(Path directory) {
        return open(WalConfig.builder(directory).build());
    }

    /**
     * Opens a log, or creates it, and completes the work that a crash interrupted (recovery).
     *
     * <p>When this returns, every record that a replay returns is durable, and appending continues after the last one.
     *
     * @throws WalLockedException if another process or instance has the log open
     * @throws WalOpenException if the directory cannot be used, a restore into it has not ended, or there is no log in it and
     *     {@link WalConfig#mustExist()} is set
     * @throws WalDiskFullException if there is no space for a segment. The log can still be read
     * @throws WalCorruptException if acknowledged data is damaged or missing. Nothing was changed
     * @throws WalVersionException if the log is in a format that this version does not know. Nothing was changed
     */
    public static Wal open(WalConfig config) {
        Storage storage = config.openStorage();
        try {
            return UninterruptibleThread.call("veloz-wal-open " + storage.describe(), () -> open(config, storage));
        } catch (StorageFullException e) {
            throw new WalDiskFullException(
                    "not enough disk space to open " + storage.describe() + ": up to "
                            + (config.segmentBytes()
                                    + SegmentMaker.firstBytes(config.segmentBytes(), config.maxBatchBytes()))
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
        if (config.mustExist()) {
            // Before the lock, which creates a file.
            requireLog(storage, names);
        }
        StorageLock lock = storage.lock(names.lock());
        try {
            LogFiles.of(storage, config.prefix()).checkNoRestore();
            Recovery.Settings settings =
                    new Recovery.Settings(config.segmentBytes(), config.maxBatchBytes(), config.wallClockNanos());
            @Nullable RecoveryEvent event = JfrEvents.beginRecovery();
            Recovered recovered = new Recovery(storage, names, settings, config.acceptMissingEnds()).recover();
            if (event != null) {
                JfrEvents.record(() -> event.end(recovered.report()));
            }
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

    private static void requireLog(Storage storage, SegmentNames names) throws IOException {
        // Any file for which the recovery reports what is missing. Of others, such as temporary ones, it would begin a
        // log.
        if (storage.list().stream().noneMatch(name -> showsLog(name, names))) {
            throw new WalOpenException(
                    storage.describe() + " has no log with the prefix " + names.prefix()
                            + ", and the setting mustExist forbids beginning one. If the disk of the log is not mounted,"
                            + " mount it; if the log is lost, restore it",
                    null);
        }
    }

    private static boolean showsLog(String name, SegmentNames names) {
        return names.belongsToLog(name) || names.isQuarantine(name) || name.equals(names.restoring());
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
            // The first failure is reported.
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

    /** Returns the state of the log when it was opened. */
    public RecoveryReport recovery() {
        return report;
    }

    /** Returns the settings of this log. */
    public WalConfig config() {
        return config;
    }

    // ---- append

    /**
     * Appends a record with the durability of the log and the current time. Returns its sequence as soon as it is
     * assigned: the record is <em>not durable yet</em>. Waits while the append buffer is full (back-pressure).
     *
     * @param type 1 to 65,535. The log does not interpret it
     * @param payload the bytes from its position to its limit, at most {@link WalConfig#maxPayloadBytes()}. The buffer is not
     *     retained, and its position does not change. If it is unreadable (a closed arena, a truncated mapped file), or
     *     changes concurrently, this throws an exception, and the record was not appended
     * @throws WalBusyException if the buffer stayed full. The record was not appended
     * @throws WalDiskFullException if the disk is full. The record was not appended
     */
    public long append(int type, ByteBuffer payload) {
        return appender.append(type, payload, config.durability());
    }

    /** Appends a record with the given durability. See {@link #append(int, ByteBuffer)}. */
    public long append(int type, ByteBuffer payload, Durability durability) {
        return appender.append(type, payload, durability);
    }

    /**
     * Appends the records of a group atomically: after a crash, either all of them are replayed, or none. See {@link
     * #append(int, ByteBuffer)}.
     *
     * @return the sequence of the last record. The sequences of a group have no gap
     */
    public long append(RecordGroup group) {
        return appender.append(group, config.durability());
    }

    /** Appends a group with the given durability. See {@link #append(RecordGroup)}. */
    public long append(RecordGroup group, Durability durability) {
        return appender.append(group, durability);
    }

    /**
     * Appends a record, and returns its sequence when it is durable, independently of the durability of the log. If the
     * disk becomes full after the record was accepted, this waits until there is space or the log is closed.
     *
     * @throws WalFailedException if the disk fails. The record is in doubt: the next open shows whether the log has it
     */
    public long appendDurable(int type, ByteBuffer payload) {
        long sequence = appender.append(type, payload, Durability.LOSE_NOTHING);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
        return sequence;
    }

    /** Appends a group atomically, and returns its last sequence when all of its records are durable. */
    public long appendDurable(RecordGroup group) {
        long sequence = appender.append(group, Durability.LOSE_NOTHING);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
        return sequence;
    }

    /**
     * Appends a record. The future completes with its sequence when it is durable, or with {@link WalFailedException}.
     *
     * <p>Futures complete in the order of the sequences, on one thread of the log, which also runs their callbacks. A
     * slow callback delays all later futures, but no commit. A callback may append records, and wait for them with
     * {@link #awaitDurable} or {@link #appendDurable}. It must not wait for a future of {@link #appendAsync}, and must
     * not call {@link #close}: both would wait for the callback itself, so they throw {@link IllegalStateException}
     * immediately. Use {@code thenCompose} instead. Cancelling a future does not remove the record.
     *
     * @throws WalBusyException also if more than {@link WalConfig#maxPendingFutures} records wait for delivery. If a
     *     callback is the caller, it is thrown immediately
     */
    public CompletableFuture<Long> appendAsync(int type, ByteBuffer payload) {
        return appender.appendAsync(type, payload);
    }

    /**
     * Appends a group atomically. The future completes with its last sequence. See {@link #appendAsync(int,
     * ByteBuffer)}.
     */
    public CompletableFuture<Long> appendAsync(RecordGroup group) {
        return appender.appendAsync(group);
    }

    /**
     * Reserves record types for a typed log on top of this one, as {@code OrderLog} is: a record of such a type with another
     * content would prevent that its next open can read the log. From now on all methods of this class refuse these types with
     * an {@link IllegalArgumentException}, and append nothing. It lasts until the log is closed.
     *
     * @param types whether a type is reserved; called at each append, on the thread of the caller
     * @return appends records of any type
     * @throws IllegalStateException if types of this log are reserved already
     */
    public GroupAppender reserveTypes(IntPredicate types) {
        return appender.reserve(Objects.requireNonNull(types, "types"));
    }

    // ---- wait

    /** Returns the last sequence that was assigned to a record; 0 if there has never been one. */
    public long lastSequence() {
        return writer.lastSequence();
    }

    /** Returns the last durable record. The value does not change after the log was closed or has failed. */
    public long durableSequence() {
        return writer.durableSequence();
    }

    /**
     * Waits until a record is durable.
     *
     * <p>When a record of relaxed durability is forced depends on its {@link Durability}. Call {@link #sync} to force
     * it now.
     *
     * @param sequence the sequence of a record that has been appended
     * @throws IllegalArgumentException if no record has that sequence yet
     */
    public void awaitDurable(long sequence) {
        checkAppended(sequence);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
    }

    /** Waits until a record is durable, and returns false after a timeout. See {@link #awaitDurable(long)}. */
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

    /** Forces (fsync) every record that was appended before this call, and returns when all are durable. */
    public void sync() {
        checkOpen();
        long sequence = writer.lastSequence();
        writer.requestForce(sequence);
        writer.awaitDurable(sequence, Long.MAX_VALUE);
    }

    /** Forces like {@link #sync()}, and returns false after a timeout. The force continues. */
    public boolean sync(Duration timeout) {
        checkOpen();
        long sequence = writer.lastSequence();
        writer.requestForce(sequence);
        return writer.awaitDurable(sequence, Reading.nanos(timeout));
    }

    /**
     * Seals the active segment, and returns when every record that was appended before this call is in a sealed
     * segment. Does nothing if all are. If the disk is full, this waits until there is space for the next segment or
     * the log is closed.
     *
     * @throws WalFailedException if the next segment could not be created, for another reason, in ten attempts
     */
    public void roll() {
        checkOpen();
        writer.roll(writer.lastSequence());
    }

    // ---- read

    /**
     * Opens a reader that starts with the oldest record and continues as the log grows. It returns durable records
     * only. It keeps working after the log was closed, up to the last durable record.
     */
    public WalReader reader() {
        return reader(ReadOptions.of(storage));
    }

    /** Opens a reader with the given range and salvage option. Its directory and prefix are those of this log. */
    public WalReader reader(ReadOptions options) {
        DurableLimit limit = DurableLimit.of(writer::durableSequence, reading);
        return WalReader.open(options.prefix(config.prefix()), storage, limit, reading, reading);
    }

    /** Returns the files of this log, for archives and tools that copy them. */
    public LogFiles files() {
        return LogFiles.of(storage, config.prefix());
    }

    /**
     * Returns the access for an archive that fills in older segments while the log is open: see {@link OlderSegments}. Appends,
     * rolls and trims continue.
     */
    public OlderSegments olderSegments() {
        return new OlderSegmentsOfOpenLog(files(), writer);
    }

    /**
     * Opens a reader of the segments as bytes, which starts after the end of a copy: see {@link SegmentReader}. It
     * returns durable bytes only. It keeps working after the log was closed, up to the last durable record.
     *
     * @param afterSegment the segment that the copy ends in; 0 if the copy is empty
     * @param afterPosition the position in that segment where the copy ends
     * @param afterSequence the last record of the copy
     */
    public SegmentReader segmentReader(long afterSegment, long afterPosition, long afterSequence) {
        return SegmentReader.open(
                files(), reading::durableSequence, reading::lives, afterSegment, afterPosition, afterSequence);
    }

    // ---- checkpoints and trimming

    /**
     * Writes a checkpoint: the state of the application after a record, so that its next replay can start there.
     * Returns when the checkpoint is durable and has been read back. The two newest checkpoints are kept. If the log is
     * closed at the same time, the directory stays locked until the checkpoint is written.
     *
     * @param sequence the last record that the content covers. It must be durable
     * @throws IllegalArgumentException if the sequence is not durable, or less than that of the newest checkpoint
     * @throws WalDiskFullException if there is no space. The existing checkpoints are unchanged
     * @throws UncheckedIOException if it cannot be written. The existing checkpoints are unchanged
     */
    public WalCheckpoint writeCheckpoint(long sequence, CheckpointContent content) {
        checkOpen();
        return checkpoints.write(sequence, content);
    }

    /** Returns the newest good checkpoint; empty if there is none. */
    public Optional<WalCheckpoint> newestCheckpoint() {
        checkOpen();
        return checkpoints.newest();
    }

    /** Adds a guard that keeps records from {@link #trim}. The checkpoints of the log are always a guard. */
    public void addTrimGuard(TrimGuard guard) {
        // Here and not in the next trim, which would fail on its own thread.
        guards.add(Objects.requireNonNull(guard, "guard"));
    }

    /** Removes all guards with this name, if there are any. */
    public void removeTrimGuards(String name) {
        guards.removeIf(guard -> guard.name().equals(name));
    }

    /**
     * Deletes the sealed segments that no guard needs. Both checkpoints must cover their records, so that replay is
     * possible even if one of the two is damaged. Returns when the deletion is durable. Appends and rolls continue
     * concurrently. A close ends the trim after the current file, and the next open deletes the other files.
     *
     * @param keepSegments the number of newest sealed segments that are always kept
     */
    public TrimReport trim(int keepSegments) {
        checkOpen();
        if (keepSegments < 0) {
            throw new IllegalArgumentException("keepSegments " + keepSegments + ": expected 0 or more");
        }
        return Trim.run(writer, guards, keepSegments);
    }

    // ---- observe

    /** Returns a snapshot of the counters. Cheap: takes no lock, and may be called at any rate. */
    public WalStats stats() {
        return new WalStats(writer, report);
    }

    // ---- close

    private void checkOpen() {
        writer.throwIfFailed();
        if (closed.get()) {
            throw new IllegalStateException("the log is closed");
        }
    }

    /**
     * Commits all appended records, seals the last segment, and closes the files. When this returns, every append was
     * acknowledged or has failed, and every future is complete. A full disk is no reason to fail once all records are durable:
     * then the next open seals the segment. If two threads call it concurrently, the second one waits for the first.
     * Later calls do nothing. A checkpoint that another thread is writing keeps the directory locked until it is written: end
     * it first, if the log is to be opened again at once.
     *
     * @throws IllegalStateException if a callback or the listener calls it: it would wait for itself. The log stays open
     * @throws WalFailedException if the log has failed, or the disk took longer than {@link WalConfig#closeTimeout()}. In
     *     the latter case the directory stays locked until the disk responds or the process ends
     * @throws WalBusyException if all records are durable and the directory is unlocked, but a callback or the listener did
     *     not return within {@link WalConfig#closeTimeout()}. Futures are pending, and complete when it returns. Call close
     *     again to wait for them
     */
    @Override
    public void close() {
        writer.refuseOnOwnThread("close");
        closed.set(true);
        writer.close(lock::release);
    }

    @Override
    public String toString() {
        String state = writer.hasFailed() ? "failed" : closed.get() ? "closed" : "open";
        return "Wal[directory=" + storage.describe() + ", prefix=" + names.prefix() + ", state=" + state
                + ", lastSequence=" + lastSequence() + ", durableSequence=" + durableSequence() + "]";
    }
}
