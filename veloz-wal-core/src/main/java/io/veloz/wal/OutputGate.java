package io.veloz.wal;

import io.veloz.wal.internal.OverflowSafeLock;
import io.veloz.wal.storage.UninterruptibleThread;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded queue of outputs that are published, in order, when their records are safe. So an engine can act on a record
 * before it is durable, and nothing leaves the engine that a crash could contradict. Thread-safe: platform and virtual
 * threads may call any method. An interrupt does not end a wait and stays pending.
 *
 * <p>An output belongs to a sequence. It is published when every record up to that sequence has <em>passed</em>: is durable
 * ({@link #durable}) or archived ({@code WalShipper.archivedGate}). One thread of the gate publishes, in the order of the
 * sequences; outputs with the same sequence in the order of their submission. Every accepted output is passed to the sink
 * once: to {@link Sink#publish} or to {@link Sink#discard}.
 *
 * <p>A gate contains at most {@code capacity} outputs. The size of an output is up to the application.
 *
 * <p>A gate fails when the record of its first output can never pass, when the sink throws, and when a submitter gets a
 * {@link StackOverflowError}: it is then unknown whether the record was appended. It then publishes nothing more.
 *
 * <pre>{@code
 * try (Wal wal = Wal.open(directory);
 *         OutputGate<Fill> gate = OutputGate.durable(wal, 10_000, sink)) {
 *     gate.append(() -> wal.append(1, payload), fill);
 * }
 * }</pre>
 *
 * @param <T> the output
 */
public final class OutputGate<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");
    private static final int MAX_CAPACITY = 1 << 24;

    /** The longest wait for a record, after which the thread checks whether the gate was closed. */
    private static final Duration SLICE = Duration.ofSeconds(1);

    /** How long a close that has timed out waits for the end of the slice, and for the calls of {@link Sink#discard}. */
    private static final long DISCARD_NANOS = 5_000_000_000L;

    private static final long NO_MEMORY_RETRY_NANOS = 10_000_000;

    /**
     * Receives the outputs of a gate. One thread calls all methods, in order. It is a thread of the gate, so a slow sink
     * delays later outputs, but neither commits nor futures.
     *
     * <p>A sink may append to the log, wait for its records, and submit to the gate. It cannot wait for room in the gate or
     * close it: both would wait for the sink itself, so they throw immediately. It must not wait for a thread that waits for
     * room in the gate, such as a callback of {@link Wal#appendAsync} that submits.
     *
     * @param <T> the output
     */
    public interface Sink<T> {
        /**
         * Publishes an output. Every record up to this sequence has passed.
         *
         * @throws Exception fails the gate. The output is not passed to {@link #discard}: only the sink can determine
         *     whether it was published. All later outputs are discarded
         */
        void publish(long sequence, T output) throws Exception;

        /**
         * Receives an output that will never be published, after the gate has failed, or after its close has timed out. The
         * record is in doubt, like every record at a crash. Exceptions are logged and otherwise ignored.
         *
         * @param cause the {@link WalException} that the log or the archive has reported, the exception of {@link
         *     #publish}, or an {@link IllegalStateException} if the gate was closed
         */
        void discard(long sequence, T output, Throwable cause);
    }

    /** The condition for publishing: how far the records of a log have passed. Thread-safe. */
    public interface Source {
        /** Returns the last sequence that was assigned to a record. */
        long lastSequence();

        /**
         * Waits until every record up to this one has passed, and returns false after the timeout. Called for each output,
         * by one thread. An interrupt does not end the wait and stays pending.
         *
         * @throws RuntimeException if the record can never pass
         */
        boolean awaitPassed(long sequence, Duration timeout);

        /** Returns how long {@link OutputGate#append} waits for room. */
        Duration roomTimeout();

        /** Returns how long {@link OutputGate#close} waits for records to pass. */
        Duration closeTimeout();

        /** Returns the condition and the directory, for thread names and messages. */
        String describe();
    }

    /**
     * The state of a gate. Immutable.
     *
     * @param held the number of outputs that wait
     * @param oldestAge how long the first of them has waited; zero if there is none
     * @param published the number of outputs that were published
     * @param discarded the number of outputs that were discarded
     * @param publishedSequence the sequence of the last published output; 0 if there is none
     * @param failure why the gate publishes nothing more; null if it has not failed
     */
    public record Status(
            int held,
            Duration oldestAge,
            long published,
            long discarded,
            long publishedSequence,
            @Nullable Throwable failure) {}

    private final Source source;
    private final Sink<T> sink;
    private final HeldOutputs<T> held;

    /** Covers an append and its submission. No thread waits for room while it has this lock. */
    private final OverflowSafeLock appending = new OverflowSafeLock();

    private final UninterruptibleThread thread;

    /**
     * Starts a gate that publishes an output when its record is durable. Close it before the log. If the log fails, the
     * outputs of durable records are published, and the others discarded with {@link WalFailedException}.
     *
     * <p>{@link #append} waits for room for {@link WalConfig#bufferFullTimeout()}, and {@link #close} for records for {@link
     * WalConfig#closeTimeout()}. The gate does not force the log: a record with a relaxed {@link Durability} passes when it
     * is forced.
     *
     * @param capacity the largest number of outputs that wait, 1 to 16,777,216. Each takes 20 bytes from the start
     */
    public static <T> OutputGate<T> durable(Wal wal, int capacity, Sink<T> sink) {
        return start(new DurableRecords(wal), capacity, sink);
    }

    /** Starts a gate with another condition. See {@link #durable}. */
    public static <T> OutputGate<T> start(Source source, int capacity, Sink<T> sink) {
        OutputGate<T> gate = new OutputGate<>(source, capacity, sink);
        gate.thread.start();
        return gate;
    }

    private OutputGate(Source source, int capacity, Sink<T> sink) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity " + capacity + ": expected 1 to " + MAX_CAPACITY);
        }
        this.source = source;
        this.sink = Objects.requireNonNull(sink, "sink");
        this.held = new HeldOutputs<>(capacity);
        this.thread = new UninterruptibleThread(this::run, "veloz-wal-output " + source.describe());
    }

    // ---- submit

    /**
     * Appends a record and submits its output as one step, so the outputs of several threads are in the order of the log.
     * Returns the sequence. Room is reserved before the append, so a refused output has no record.
     *
     * @param append appends the record, and returns its sequence. An output without a record of its own may use that of the
     *     last record, {@code wal::lastSequence}: it follows every output that was submitted this way before. It must not
     *     submit to the gate. Its exceptions are thrown to the caller
     * @throws WalBusyException if the gate stayed full for the timeout, or is full and the sink is the caller. Nothing was
     *     appended
     * @throws WalGateFailedException if the gate has failed. The message states whether the record was appended
     * @throws IllegalArgumentException if an output with a later sequence was submitted by {@link #submit}. The record was
     *     appended, and its output was not accepted
     * @throws IllegalStateException if the gate is closed. Nothing was appended
     */
    public long append(LongSupplier append, T output) {
        Objects.requireNonNull(output, "output");
        try {
            if (!reserve(Reading.nanos(source.roomTimeout()))) {
                throw new WalBusyException(full() + "; the record was not appended");
            }
            return appendReserved(append, output);
        } catch (StackOverflowError e) {
            held.overflow = e;
            throw e;
        }
    }

    private long appendReserved(LongSupplier append, T output) {
        boolean added = false;
        try {
            appending.lock();
            try {
                held.throwIfFailed("the record was not appended");
                long sequence = append.getAsLong();
                held.add(checked(sequence), output);
                added = true;
                return sequence;
            } finally {
                appending.owner = null;
                appending.wakeNext();
            }
        } finally {
            if (!added) {
                held.cancelReservation();
            }
        }
    }

    /**
     * Submits the output of a record that has been appended. Waits while the gate is full (back-pressure).
     *
     * <p>Sequences must not decrease. So one thread appends and submits, or threads do both under a lock; otherwise use
     * {@link #append}. Several outputs may have the same sequence. An output of several records has the last one.
     *
     * @throws IllegalArgumentException if no record has that sequence, or an output with a later one was submitted. The
     *     output was not accepted
     * @throws WalGateFailedException if the gate has failed. The output was not accepted
     * @throws WalBusyException if the gate is full and the sink is the caller. The output was not accepted
     * @throws IllegalStateException if the gate is closed. The output was not accepted
     */
    public void submit(long sequence, T output) {
        if (!submit(sequence, output, Long.MAX_VALUE)) {
            throw new WalBusyException(full() + "; the output of record " + sequence + " was not accepted");
        }
    }

    /** Submits an output, and returns false if the gate stayed full for the timeout. See {@link #submit(long, Object)}. */
    public boolean submit(long sequence, T output, Duration timeout) {
        return submit(sequence, output, Reading.nanos(timeout));
    }

    private boolean submit(long sequence, T output, long timeoutNanos) {
        Objects.requireNonNull(output, "output");
        try {
            return submitChecked(checked(sequence), output, timeoutNanos);
        } catch (StackOverflowError e) {
            held.overflow = e;
            throw e;
        }
    }

    private boolean submitChecked(long appended, T output, long timeoutNanos) {
        if (!reserve(timeoutNanos)) {
            return false;
        }
        boolean added = false;
        try {
            held.add(appended, output);
            added = true;
            return true;
        } finally {
            if (!added) {
                held.cancelReservation();
            }
        }
    }

    private long checked(long sequence) {
        if (sequence < 0 || sequence > source.lastSequence()) {
            throw new IllegalArgumentException(
                    "record " + sequence + " has not been appended; the last one is " + source.lastSequence());
        }
        return sequence;
    }

    private boolean reserve(long timeoutNanos) {
        if (appending.isHeldByCurrentThread()) {
            throw new IllegalStateException("an append of the output gate submits to the gate; submit after it");
        }
        return held.reserve(isOwnThread() ? 0 : timeoutNanos);
    }

    private String full() {
        String reason = isOwnThread() ? ", and the sink cannot wait for itself" : "";
        return "the output gate is full" + reason + ": " + this;
    }

    private boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    // ---- observe, close

    /** Returns the current state. Cheap: may be called at any rate. */
    public Status status() {
        return held.status();
    }

    /**
     * Accepts no more output, and returns when every output was published or discarded. Waits for {@link
     * Source#closeTimeout()}, then discards the outputs that wait. Returns normally if the gate has failed: the sink has
     * received every output. Later calls wait for the same end.
     *
     * @throws IllegalStateException if the sink calls it: it would wait for itself. The gate stays open
     * @throws WalBusyException if the sink has not returned. No later output is published, and the remaining ones are
     *     discarded when it returns. Call close again to wait for it
     */
    @Override
    public void close() {
        if (isOwnThread()) {
            throw new IllegalStateException(
                    "close was called by the sink, which it waits for; call it on another thread");
        }
        Duration timeout = source.closeTimeout();
        held.close();
        if (held.awaitEnd(Reading.nanos(timeout))) {
            return;
        }
        held.fail(new IllegalStateException(
                "the output gate was closed, and waited " + timeout + " for its outputs: " + this));
        if (!held.awaitEnd(DISCARD_NANOS)) {
            throw new WalBusyException(
                    "the sink has not returned: " + this + "; the outputs that wait are discarded when it returns");
        }
    }

    @Override
    public String toString() {
        Status status = status();
        return "OutputGate[" + source.describe() + ", held=" + status.held() + ", oldest=" + status.oldestAge()
                + ", publishedSequence=" + status.publishedSequence() + ", failure=" + status.failure() + "]";
    }

    // ---- the thread of the gate

    private void run() {
        @Nullable Throwable failure = null;
        try {
            publishAll();
        } catch (Throwable t) {
            failure = t;
        }
        while (true) {
            try {
                end(failure);
                return;
            } catch (Throwable t) {
                // Out of memory. Nothing was lost, so retry: other threads wait for room or for the end.
                LockSupport.parkNanos(this, NO_MEMORY_RETRY_NANOS);
            }
        }
    }

    private void publishAll() throws Exception {
        while (held.awaitFirst()) {
            long sequence = held.sequence();
            if (source.awaitPassed(sequence, SLICE)) {
                sink.publish(sequence, held.handOver());
                held.removePublished();
            }
        }
    }

    private void end(@Nullable Throwable failure) {
        if (failure != null) {
            held.fail(failure);
        }
        @Nullable Throwable cause = held.failure();
        while (cause != null && held.removeNext()) {
            discard(held.sequence(), held.output(), cause);
        }
        held.end();
    }

    private void discard(long sequence, T output, Throwable cause) {
        try {
            sink.discard(sequence, output, cause);
        } catch (Throwable t) {
            logFailedDiscard(sequence, t);
        }
    }

    private static void logFailedDiscard(long sequence, Throwable t) {
        try {
            LOG.error("the sink failed to discard the output of record {}", sequence, t);
        } catch (Throwable loggingFailed) {
            // Usually out of memory. The sink must receive the remaining outputs.
        }
    }

    /** The condition of {@link #durable}. */
    private record DurableRecords(Wal wal) implements Source {
        @Override
        public long lastSequence() {
            return wal.lastSequence();
        }

        @Override
        public boolean awaitPassed(long sequence, Duration timeout) {
            return wal.awaitDurable(sequence, timeout);
        }

        @Override
        public Duration roomTimeout() {
            return wal.config().bufferFullTimeout();
        }

        @Override
        public Duration closeTimeout() {
            return wal.config().closeTimeout();
        }

        @Override
        public String describe() {
            return "durable " + wal.files().storage().describe();
        }
    }
}
