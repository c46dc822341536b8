package io.veloz.wal;

import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints of an open log, which also guard the records that they need against a trim. Any thread may call it. One
 * checkpoint is written at a time.
 */
final class Checkpoints implements TrimGuard {
    private final Storage storage;
    private final CheckpointSlots slots;
    private final SharedLock lock;
    private final LogWriter writer;
    private final LongSupplier wallClockNanos;

    /** Serialises the writing of checkpoints. Not a monitor, so that a virtual thread is not pinned. */
    private final ReentrantLock writing = new ReentrantLock();

    /** The thread that currently runs the application's {@link CheckpointContent}. */
    private volatile @Nullable Thread contentThread;

    Checkpoints(
            Storage storage, CheckpointSlots slots, SharedLock lock, LogWriter writer, LongSupplier wallClockNanos) {
        this.storage = storage;
        this.slots = slots;
        this.lock = lock;
        this.writer = writer;
        this.wallClockNanos = wallClockNanos;
    }

    WalCheckpoint write(long sequence, CheckpointContent content) {
        Objects.requireNonNull(content, "content");
        if (Thread.currentThread() == contentThread) {
            throw new IllegalStateException(
                    "the content of a checkpoint writes a checkpoint: it would wait for itself");
        }
        writing.lock();
        try {
            lock.enter();
            try {
                return writeAlone(sequence, content);
            } finally {
                lock.release();
            }
        } finally {
            writing.unlock();
        }
    }

    private WalCheckpoint writeAlone(long sequence, CheckpointContent content) {
        writer.throwIfFailed();
        if (sequence < 0 || sequence > writer.durableSequence()) {
            throw new IllegalArgumentException("checkpoint for record " + sequence + ": expected 0 to "
                    + writer.durableSequence() + ", the last durable record");
        }
        long now = wallClockNanos.getAsLong();
        return onOwnThread(() -> {
            contentThread = Thread.currentThread();
            try {
                return new WalCheckpoint(storage, slots.write(sequence, now, content));
            } finally {
                contentThread = null;
            }
        });
    }

    Optional<WalCheckpoint> newest() {
        return onOwnThread(() -> WalCheckpoint.newest(storage, slots));
    }

    @Override
    public String name() {
        return "the older of two checkpoints";
    }

    @Override
    public long releasedThrough() {
        return onOwnThread(slots::coveredByBoth);
    }

    private <T> T onOwnThread(Callable<T> task) {
        try {
            return UninterruptibleThread.call("veloz-wal-checkpoint " + storage.describe(), task);
        } catch (StorageFullException e) {
            throw new WalDiskFullException("checkpoint: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("checkpoint in " + storage.describe() + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("checkpoint in " + storage.describe(), e);
        }
    }
}
