package io.veloz.wal.archive;

import io.veloz.wal.OutputGate;
import io.veloz.wal.TrimGuard;
import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.hedge.HedgedStore;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.ship.CountingStore;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.Shipping;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.UninterruptibleThread;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ships a log to an archive, with a lag of about a flush interval. Thread-safe. Platform and virtual threads may call it. An
 * interrupt does not end a wait and stays pending.
 *
 * <p>A shipper acquires the next epoch of the archive, which fences all earlier writers.
 * It never blocks the log. It retries indefinitely when the store fails. It ends only
 * when it is fenced, when log and archive are inconsistent, or on {@link #close}.
 *
 * <pre>{@code
 * Wal wal = Wal.open(directory);
 * WalShipper shipper = WalShipper.start(wal, ShipperConfig.builder("s3://bucket/orders").build());
 * long sequence = wal.append(1, payload);
 * shipper.awaitArchived(sequence, Duration.ofSeconds(5));
 * }</pre>
 */
public final class WalShipper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    private final ShipperConfig config;
    private final @Nullable Wal wal;
    private final Signal signal = new Signal();
    private final ShipperState state;
    private final UninterruptibleThread thread;
    private final @Nullable IndexThread index;

    /** Whether the index is closed as well, and the store if it was opened here. */
    private volatile boolean isReleased;

    /**
     * Starts to ship a log that this process writes. Returns immediately;
     * failures are reported by {@link #status} and the listener.
     *
     * <p>Start it right after the log was opened. From then on the log does not trim records that are not archived, unless the
     * settings allow it. This continues after {@link #close}, until the log is closed or shipped again.
     *
     * @throws IllegalArgumentException if no store supports the URI of the settings, or if the archive is a directory inside
     *     that of the log
     */
    public static WalShipper start(Wal wal, ShipperConfig config) {
        WalShipper shipper = new WalShipper(wal, LocalLog.of(wal), config);
        if (config.guardsTrimming()) {
            TrimGuard guard = shipper.state.guard();
            wal.removeTrimGuards(guard.name());
            wal.addTrimGuard(guard);
        }
        shipper.startThreads();
        return shipper;
    }

    /** Starts to ship a log that another process or no process writes. It cannot keep that process from trimming the log. */
    public static WalShipper start(LogFiles files, ShipperConfig config) {
        WalShipper shipper = new WalShipper(null, LocalLog.of(files), config);
        shipper.startThreads();
        return shipper;
    }

    /** Does the same as {@link #start(LogFiles, ShipperConfig)} for a directory with the default prefix "orders". */
    public static WalShipper start(Path directory, ShipperConfig config) {
        return start(LogFiles.of(directory), config);
    }

    private void startThreads() {
        if (index != null) {
            index.start();
        }
        thread.start();
    }

    private WalShipper(@Nullable Wal wal, LocalLog log, ShipperConfig config) {
        this.wal = wal;
        this.config = config;
        ObjectStore opened = config.openStore();
        try {
            ElsewhereCheck.check(log.files().storage(), opened);
        } catch (IllegalArgumentException e) {
            if (config.closesStore()) {
                opened.close();
            }
            throw e;
        }
        CountingStore store = new CountingStore(opened);
        this.state = new ShipperState(config, log, store, signal);
        String name = log.files().storage().describe();
        Shipping shipping = new Shipping(
                config,
                log,
                // In a directory the second put would wait for the same disk.
                config.hedgesPuts() && !opened.describe().startsWith("file:") ? hedged(store, name) : store,
                state,
                new Backoff(new Random()),
                new RateLimiter(config.uploadBytesPerSecond(), signal, state::isCloseTimedOut),
                signal::nanoTime,
                // One new thread for each upload. At most one runs at a time, and none is idle.
                upload -> new UninterruptibleThread(upload, "veloz-wal-upload " + name).start(),
                state::uploadEnded);
        this.index = config.recordKeys()
                .map(keys -> new IndexThread(log.files(), store, keys, Retries.withBackoff()))
                .orElse(null);
        if (index != null) {
            state.onCommitted(index::committed);
        }
        @Nullable ObjectStore anchor = config.openAnchor();
        if (anchor != null) {
            shipping.anchorIn(anchor, config.closesAnchor() ? anchor::close : () -> {});
        }
        Runnable onEnd = () -> end(opened);
        ShipLoop loop = new ShipLoop(config, log, shipping, state, signal, new Backoff(new Random()), onEnd);
        this.thread = new UninterruptibleThread(loop, "veloz-wal-ship " + name);
    }

    private void end(ObjectStore opened) {
        try {
            if (index != null) {
                index.close(nanos(config.closeTimeout()));
            }
            if (config.closesStore()) {
                opened.close();
            }
        } catch (RuntimeException e) {
            LOG.warn("failed to release the resources of the shipper", e);
        } finally {
            isReleased = true;
            signal.raise();
        }
    }

    private static ObjectStore hedged(CountingStore store, String name) {
        return new HedgedStore(
                store,
                ArchiveKeys.SLOTS,
                new Signal(),
                put -> new UninterruptibleThread(put, "veloz-wal-put " + name).start(),
                store::hedging);
    }

    /**
     * Returns the last record that is archived or in a declared gap (see {@link SpoolPolicy#giveUpOldest}). All earlier records
     * are archived or in a gap, too. {@link #awaitArchived} distinguishes the two.
     */
    public long archivedSequence() {
        return state.archivedSequence();
    }

    /**
     * Ships a record without waiting for the flush interval, and waits until it is archived.
     *
     * <p>Returns false immediately if the record will never be archived. Then it is in a declared gap
     * ({@link SpoolPolicy#giveUpOldest}), or before the first record of an archive that began later than the log, and
     * {@link #archivedSequence} may be higher nevertheless.
     *
     * @param sequence of a record that has been appended. If another process writes the log, this method also waits for the
     *     record to be appended
     * @return whether the record was archived before the timeout
     * @throws WalFencedException if another writer has acquired a later epoch, so that this shipper will not archive it
     * @throws WalShippingRefusedException if log and archive are inconsistent
     * @throws IllegalStateException if the shipper is closed
     * @throws IllegalArgumentException if this process writes the log, and no record has that sequence yet
     */
    public boolean awaitArchived(long sequence, Duration timeout) {
        long end = System.nanoTime() + nanos(timeout);
        if (state.hasReached(sequence)) {
            state.requestFenceCheck();
            return !state.isInGap(sequence);
        }
        if (wal != null && !wal.awaitDurable(sequence, timeout)) {
            return false;
        }
        state.requestGaps(sequence);
        state.requestFlush();
        signal.await(() -> state.hasReached(sequence) || state.isEnded(), Math.max(0, end - System.nanoTime()));
        if (state.hasReached(sequence)) {
            return !state.isInGap(sequence);
        }
        @Nullable WalException failure = state.failure();
        if (failure != null) {
            throw failure;
        }
        if (state.isEnded()) {
            throw new IllegalStateException("the shipper is closed; last archived record " + state.archivedSequence());
        }
        return false;
    }

    /**
     * Starts a gate that publishes an output when its record is archived. So nothing that it has published is missing after
     * a restore, and an engine that is fenced publishes no output of a record that its successor does not have. Close it
     * before this shipper.
     *
     * <p>Between a fence and its detection, at most some 30 seconds, an output of a record that was archived before the fence
     * is still published. So an output that only the current owner of the archive may publish needs a record of its own.
     *
     * <p>An output waits for a put at least, and for as long as the store is unreachable. The gate ships without waiting for
     * the flush interval; outputs that arrive during a put share the next one. {@link OutputGate#append} waits for room for
     * {@link io.veloz.wal.WalConfig#bufferFullTimeout()}, and {@link OutputGate#close} for records for
     * {@link ShipperConfig#closeTimeout()}.
     *
     * <p>The gate fails with {@link WalFencedException} or {@link WalShippingRefusedException}, also if the record of an
     * output is in a declared gap. Records without outputs may be in one. It fails with {@link IllegalStateException} if the
     * shipper is closed, and with {@link io.veloz.wal.WalFailedException} if the log fails before the record is durable.
     *
     * @param capacity the largest number of outputs that wait, 1 to 16,777,216. Each takes 20 bytes from the start
     * @throws IllegalStateException if another process writes the log
     */
    public <T> OutputGate<T> archivedGate(int capacity, OutputGate.Sink<T> sink) {
        if (wal == null) {
            throw new IllegalStateException(
                    "another process writes the log, and only that process can hold back outputs");
        }
        String describe = "archived " + wal.files().storage().describe();
        return OutputGate.start(new ArchivedRecords(this, state, wal, config.closeTimeout(), describe), capacity, sink);
    }

    /** Returns the current status. Makes no request to the store, so it can be called at any rate. */
    public ShipperStatus status() {
        return state.status();
    }

    /**
     * Ships the durable records, for at most {@link ShipperConfig#closeTimeout()},
     * and ends the shipper. A second call has no effect.
     *
     * @return the status at the end; {@link ShipperStatus#lagRecords()} is the number of records that were not archived
     */
    public ShipperStatus stop() {
        state.close();
        long timeout = nanos(config.closeTimeout());
        // A hanging request ends by its own timeouts. The thread is a daemon, and makes no request after it.
        long begin = System.nanoTime();
        signal.await(state::isEnded, timeout);
        state.abandon();
        // The index of the last segments, in the rest of the time.
        signal.await(() -> isReleased, Math.max(0, timeout - (System.nanoTime() - begin)));
        return state.status();
    }

    /** Does the same as {@link #stop}. */
    @Override
    public void close() {
        var unused = stop();
    }

    private static long nanos(Duration timeout) {
        try {
            return timeout.toNanos();
        } catch (ArithmeticException e) {
            return timeout.isNegative() ? 0 : Long.MAX_VALUE / 2;
        }
    }
}
