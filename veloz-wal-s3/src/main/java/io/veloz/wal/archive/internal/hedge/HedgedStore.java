package io.veloz.wal.archive.internal.hedge;

import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.store.ForwardingStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A store that sends the put of a small object a second time, on another connection, when its answer takes unusually long (a
 * <em>hedge</em>). A connection that is dead then delays the caller by a few times the usual duration, not until a timeout. All other
 * requests are passed on unchanged. Puts below the prefix are confined to one thread; other requests are thread-safe.
 *
 * <p>Both copies have the same key and bytes, and the store accepts at most one. One put is sent at a time,
 * and at most three copies of earlier ones are in flight.
 *
 * <ul>
 *   <li>A copy created the object: it is stored. The other copy is refused whenever it arrives. If the object is deleted before that,
 *       it exists again afterwards, as after any put that arrives late.
 *   <li>A copy found that the object exists: the other copy or another writer created it. The caller has to read it, as after any
 *       put that was refused.
 *   <li>A copy failed: the other one decides. Its timeout limits the wait.
 *   <li>Both failed: the outcome is unknown, and the caller has to read the object before it puts it again. Either copy may still
 *       arrive.
 *   <li>The process dies: any subset of the copies arrives, at any time.
 * </ul>
 */
public final class HedgedStore extends ForwardingStore {
    /** The duration of a larger put depends on its size. */
    private static final int MAX_BYTES = 256 * 1024;

    /** No put is hedged while this number of copies of earlier puts has no answer. */
    private static final int MAX_UNANSWERED = 3;

    private final String prefix;
    private final Signal signal;
    private final Executor executor;
    private final Runnable onHedge;
    private final PutTimes times = new PutTimes();
    private final HedgeBudget budget = new HedgeBudget();
    private final AtomicInteger inFlight = new AtomicInteger();

    /**
     * @param prefix of the keys whose puts are hedged
     * @param signal only used by this store
     * @param executor runs each copy on a thread of its own
     * @param onHedge called for each hedge
     */
    public HedgedStore(ObjectStore store, String prefix, Signal signal, Executor executor, Runnable onHedge) {
        super(store);
        this.prefix = prefix;
        this.signal = signal;
        this.executor = executor;
        this.onHedge = onHedge;
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        if (!key.startsWith(prefix) || content.length() > MAX_BYTES) {
            return super.putIfAbsent(key, content);
        }
        long start = signal.nanoTime();
        boolean created = put(key, content);
        // A put that failed is not counted: its duration is a timeout, or that of a refused connection.
        times.add(signal.nanoTime() - start);
        budget.earn();
        return created;
    }

    private boolean put(String key, ObjectContent content) throws StoreException {
        long unusual = times.unusualNanos();
        if (unusual == Long.MAX_VALUE || !budget.hasOne() || inFlight.get() >= MAX_UNANSWERED) {
            return super.putIfAbsent(key, content);
        }
        PutRace race = new PutRace();
        send(race, key, content);
        if (!signal.await(race::isDecided, unusual)) {
            budget.spend();
            onHedge.run();
            send(race, key, content);
            signal.await(race::isDecided, Long.MAX_VALUE);
        }
        return race.result();
    }

    private void send(PutRace race, String key, ObjectContent content) {
        race.sending();
        inFlight.incrementAndGet();
        try {
            executor.execute(() -> run(race, key, content));
        } catch (RuntimeException | Error e) {
            // No thread could be started. If this is the hedge, the first copy still decides.
            race.failed(e);
            ended();
        }
    }

    private void run(PutRace race, String key, ObjectContent content) {
        try {
            race.answered(super.putIfAbsent(key, content));
        } catch (StoreException | RuntimeException | Error e) {
            race.failed(e);
        } finally {
            ended();
        }
    }

    private void ended() {
        inFlight.decrementAndGet();
        signal.raise();
    }

    /** Does nothing: the caller that opened the store closes it. */
    @Override
    public void close() {}
}
