package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.format.WitnessCodec;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Repeats the end of the archive in a second store from time to time, and reads the last repetition at the start. Its requests
 * run on other threads, one at a time, so a second store that is slow or fails delays nothing but its own records. Apart from
 * them, an instance is confined to the shipping thread.
 *
 * <p>Once a record names another slot than the archive has with its number, no later record is put: it would be the newest one,
 * and agree with the archive that has lost slots.
 */
final class Anchors implements AutoCloseable {
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long READ_TIMEOUT_NANOS = 10 * SECOND_NANOS;
    private static final long RETRY_NANOS = 60 * SECOND_NANOS;

    private final ObjectStore store;
    private final Runnable onClose;
    private final long intervalNanos;
    private final Executor executor;
    private final Runnable onEnd;
    private final LongSupplier nanoTime;
    private boolean isAwaited = true;
    private long readUntil;
    private long nextAt;
    private long putSlot;
    private boolean isOverwritten;

    /** Whether the last record of the archive was not read in time, and has to be compared when it is. */
    private boolean isLate;

    private @Nullable Task task;

    /** Shows that a slot was lost and put again. */
    private static final class OverwrittenException extends StoreException {
        private static final long serialVersionUID = 1L;

        OverwrittenException(String message) {
            super(message, null);
        }
    }

    /** A request, and what came of it. Its fields are set before it has ended, and read afterwards. */
    private static final class Task {
        private final long slot;
        private @Nullable Witness found;
        private @Nullable Exception failure;
        private volatile boolean hasEnded;

        Task(long slot) {
            this.slot = slot;
        }
    }

    private interface Request {
        @Nullable
        Witness send() throws IOException;
    }

    /** @param onEnd called on another thread when a request has ended */
    Anchors(
            ObjectStore store,
            Runnable onClose,
            Duration interval,
            Executor executor,
            Runnable onEnd,
            LongSupplier nanoTime) {
        this.store = store;
        this.onClose = onClose;
        this.intervalNanos = interval.toNanos();
        this.executor = executor;
        this.onEnd = onEnd;
        this.nanoTime = nanoTime;
        this.nextAt = nanoTime.getAsLong();
    }

    private void start(long slot, Request request) {
        Task started = new Task(slot);
        task = started;
        executor.execute(() -> {
            try {
                started.found = request.send();
            } catch (IOException | RuntimeException e) {
                started.failure = e;
            } finally {
                started.hasEnded = true;
                onEnd.run();
            }
        });
    }

    /**
     * Reads the last record of this archive, before an epoch is acquired.
     *
     * @return false if the answer has to be waited for. After some seconds it is not, which is reported as a failure
     */
    boolean isRead(LogIdentity identity, ShipProgress progress) {
        if (!isAwaited) {
            return true;
        }
        long now = nanoTime.getAsLong();
        Task current = task;
        if (current == null) {
            readUntil = now + READ_TIMEOUT_NANOS;
            start(0, () -> Witnesses.newestAnchor(store, identity).orElse(null));
            current = task;
        }
        if (current != null && current.hasEnded) {
            isAwaited = false;
            report(current, progress);
        } else if (now - readUntil >= 0) {
            isAwaited = false;
            isLate = true;
            progress.failed(
                    ShipProgress.Job.WITNESS,
                    new IOException(store.describe() + ": no answer within " + READ_TIMEOUT_NANOS / SECOND_NANOS
                            + " s, so the archive is compared with its anchor when it answers"));
        }
        return !isAwaited;
    }

    /** Returns whether the answer to {@link #isRead} is waited for. */
    boolean isReading() {
        return isAwaited && task != null;
    }

    /** Returns the record that was read; empty if there is none, or the second store has failed. */
    Optional<Witness> newest() {
        Task current = task;
        return current != null && current.hasEnded && current.slot == 0
                ? Optional.ofNullable(current.found)
                : Optional.empty();
    }

    /** Returns the record that was read after {@link #isRead} had returned, until it was compared; empty if there is none. */
    Optional<Witness> late() {
        return isLate ? newest() : Optional.empty();
    }

    /** The record of {@link #late} is part of the archive. */
    void compared() {
        isLate = false;
    }

    /** Puts a record if one is due and the archive has another tip than in the last one. Does not wait for the request. */
    void step(long tip, Supplier<Witness> witness, ShipProgress progress) {
        long now = nanoTime.getAsLong();
        Task current = task;
        if (current != null && current.hasEnded) {
            task = null;
            if (isLate || current.slot > 0) {
                report(current, progress);
            }
            isLate = false;
            isOverwritten |= current.failure instanceof OverwrittenException;
            if (current.slot > 0) {
                putSlot = current.failure == null ? current.slot : putSlot;
                nextAt = now + (current.failure == null ? intervalNanos : Math.min(intervalNanos, RETRY_NANOS));
            }
        }
        if (isOverwritten) {
            nextAt = now + intervalNanos;
        }
        if (task != null || now - nextAt < 0) {
            return;
        }
        if (tip == putSlot) {
            nextAt = now + SECOND_NANOS;
        } else {
            Witness record = witness.get();
            start(tip, () -> {
                put(record);
                return record;
            });
        }
    }

    private void put(Witness record) throws IOException {
        String key = ArchiveKeys.anchor(record.origin(), record.tip().number());
        if (!store.putIfAbsent(key, ObjectContent.of(WitnessCodec.encode(record)))) {
            Optional<Witness> existing = Witnesses.anchor(store, key, record.origin());
            if (existing.isPresent() && !existing.get().tip().equals(record.tip())) {
                throw new OverwrittenException(store.describe() + "/" + key + " names slot "
                        + record.tip().number() + " with SHA-256 "
                        + existing.get().tip().sha256() + "; the archive has it with "
                        + record.tip().sha256() + ": slots were lost and put again; verify the archive");
            }
        }
    }

    private static void report(Task ended, ShipProgress progress) {
        Exception failure = ended.failure;
        if (failure instanceof OverwrittenException) {
            progress.failed(ShipProgress.Job.OVERWRITTEN, failure);
        } else if (failure != null) {
            progress.failed(ShipProgress.Job.WITNESS, failure);
        } else {
            progress.succeeded(ShipProgress.Job.WITNESS);
        }
    }

    /** Returns how long until a record is due; {@link Long#MAX_VALUE} while a request runs, whose end is an event. */
    long nanosToNext() {
        return task == null ? Math.max(0, nextAt - nanoTime.getAsLong()) : Long.MAX_VALUE;
    }

    @Override
    public void close() {
        onClose.run();
    }
}
