package io.veloz.wal.archive;

import io.veloz.wal.TrimGuard;
import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.ship.Backoff;
import io.veloz.wal.archive.internal.ship.Bandwidth;
import io.veloz.wal.archive.internal.ship.CountingStore;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.Shipping;
import io.veloz.wal.archive.internal.ship.Signal;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.UninterruptibleThread;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an archive equal to a log, about a flush interval behind it. Any thread may call any method, platform or virtual; an
 * interrupt harms nothing, and stays pending.
 *
 * <p>To start one is to take over the archive: whoever else ships to it is fenced. It never blocks the log, and goes on
 * trying whatever happens to the store; only a fence and a refusal end it, and {@link #close}.
 *
 * <pre>{@code
 * Wal wal = Wal.open(directory);
 * WalShipper shipper = WalShipper.start(wal, ShipperConfig.builder("s3://bucket/orders").build());
 * long sequence = wal.append(1, payload);
 * shipper.awaitArchived(sequence, Duration.ofSeconds(5));
 * }</pre>
 */
public final class WalShipper implements AutoCloseable {
    private final ShipperConfig config;
    private final @Nullable Wal wal;
    private final Signal signal = new Signal();
    private final ShipperState state;
    private final UninterruptibleThread thread;

    /**
     * Starts to ship a log of this process. Returns at once: what becomes of it, the status says, and the listener.
     *
     * <p>Start it right after the open. From then on the log trims nothing that is not archived, unless the settings say
     * otherwise; that holds beyond {@link #close}, until the log is closed or shipped again.
     *
     * @throws IllegalArgumentException if the URI of the settings names no store
     */
    public static WalShipper start(Wal wal, ShipperConfig config) {
        WalShipper shipper = new WalShipper(wal, LocalLog.of(wal), config);
        if (config.guardsTrimming()) {
            TrimGuard guard = shipper.state.guard();
            wal.removeTrimGuards(guard.name());
            wal.addTrimGuard(guard);
        }
        shipper.thread.start();
        return shipper;
    }

    /** Starts to ship a log that another process writes, or nobody does. What is trimmed there, this cannot hold back. */
    public static WalShipper start(LogFiles files, ShipperConfig config) {
        WalShipper shipper = new WalShipper(null, LocalLog.of(files), config);
        shipper.thread.start();
        return shipper;
    }

    /** As {@link #start(LogFiles, ShipperConfig)}, for a directory with file names that start with "orders". */
    public static WalShipper start(Path directory, ShipperConfig config) {
        return start(LogFiles.of(directory), config);
    }

    private WalShipper(@Nullable Wal wal, LocalLog log, ShipperConfig config) {
        this.wal = wal;
        this.config = config;
        ObjectStore opened = config.openStore();
        CountingStore store = new CountingStore(opened);
        this.state = new ShipperState(config, log, store, signal);
        String name = log.files().storage().describe();
        Shipping shipping = new Shipping(
                config,
                log,
                store,
                state,
                new Backoff(new Random()),
                new Bandwidth(config.uploadBytesPerSecond(), signal, state::isOverdue),
                signal::nanoTime,
                // A thread for each: there is one at a time, and none is left when nothing is uploaded.
                upload -> new UninterruptibleThread(upload, "veloz-wal-upload " + name).start(),
                state::uploadEnded);
        Runnable onEnd = config.closesStore() ? opened::close : () -> {};
        ShipLoop loop = new ShipLoop(config, log, shipping, state, signal, new Backoff(new Random()), onEnd);
        this.thread = new UninterruptibleThread(loop, "veloz-wal-ship " + name);
    }

    /**
     * Every record up to this one is in the archive, or in a gap that it declares: see {@link SpoolPolicy#giveUpOldest}.
     * {@link #awaitArchived} tells the two apart.
     */
    public long archivedSequence() {
        return state.archivedSequence();
    }

    /**
     * Ships a record at once, and returns true when it is in the archive.
     *
     * <p>Returns false if that took longer, or at once if the archive declares it lost: it is in a gap
     * ({@link SpoolPolicy#giveUpOldest}), or before the first record of an archive that began later than the log. It will
     * never be archived then, although {@link #archivedSequence} is beyond it.
     *
     * @param sequence of a record that has been appended
     * @throws WalFencedException if another writer has taken over: the record will not be archived by us
     * @throws WalShippingRefusedException if log and archive do not fit together
     * @throws IllegalStateException if the shipper is closed
     * @throws IllegalArgumentException if no record has that sequence yet; beside a writer in another process it is waited
     *     for
     */
    public boolean awaitArchived(long sequence, Duration timeout) {
        long end = System.nanoTime() + nanos(timeout);
        if (state.hasReached(sequence)) {
            state.requestLook();
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
            throw new IllegalStateException("the shipper is closed; archived up to " + state.archivedSequence());
        }
        return false;
    }

    /** How it is doing. Asks nothing of the store, and may be called at any rate. */
    public ShipperStatus status() {
        return state.status();
    }

    /**
     * Ships what is durable, if the store answers within {@link ShipperConfig#closeTimeout()}, and ends. A second call
     * does nothing.
     *
     * @return how it was at the end: what is left to ship, {@link ShipperStatus#lagRecords()} says
     */
    public ShipperStatus stop() {
        state.close();
        long timeout = nanos(config.closeTimeout());
        // A request that hangs is left to its own timeouts: the thread is a daemon, and does nothing more after it.
        signal.await(state::isEnded, timeout);
        state.abandon();
        return state.status();
    }

    /** As {@link #stop}. */
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
