package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.ship.CountingStore;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.Shipping;
import io.veloz.wal.archive.store.ObjectStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * Runs the shipping loop on the caller's thread with a simulated clock, which advances only while the loop waits. Hours take
 * milliseconds, and every run is the same.
 */
final class ShipRig implements ShipperListener {
    final List<String> events = new ArrayList<>();
    final CountingStore counts;
    final ShipperState state;
    final Shipping shipping;
    private final Time time = new Time();
    private final TreeMap<Long, Runnable> plan = new TreeMap<>();
    private final ShipLoop loop;
    private final List<Runnable> uploads = new ArrayList<>();
    private final List<Throwable> failures = new ArrayList<>();
    private boolean holdsUploads;
    private Duration uploadTime = Duration.ZERO;

    /** When the last upload ended. */
    Duration uploadedAt = Duration.ZERO;

    private final class Time extends Signal {
        private long nanos;

        @Override
        public long nanoTime() {
            return nanos;
        }

        @Override
        public boolean await(BooleanSupplier condition, long timeoutNanos) {
            long end = timeoutNanos == Long.MAX_VALUE ? Long.MAX_VALUE : nanos + timeoutNanos;
            while (!condition.getAsBoolean()) {
                if (plan.isEmpty() || plan.firstKey() > end) {
                    nanos = end;
                    return condition.getAsBoolean();
                }
                var next = plan.pollFirstEntry();
                nanos = Math.max(nanos, next.getKey());
                try {
                    next.getValue().run();
                } catch (RuntimeException | Error e) {
                    // The loop would catch it. It is thrown again at the end of the run.
                    failures.add(e);
                }
            }
            return true;
        }
    }

    ShipRig(ShipperConfig.Builder settings, LocalLog log, ObjectStore store) {
        ShipperConfig config = settings.listener(this).build();
        counts = new CountingStore(store);
        state = new ShipperState(config, log, counts, time);
        shipping = new Shipping(
                config,
                log,
                counts,
                state,
                new Backoff(new Random(1)),
                new RateLimiter(config.uploadBytesPerSecond(), time, state::isCloseTimedOut),
                time::nanoTime,
                upload -> {
                    if (holdsUploads) {
                        uploads.add(upload);
                    } else if (!uploadTime.isZero()) {
                        at(now().plus(uploadTime), upload);
                    } else {
                        upload.run();
                        uploadedAt = now();
                    }
                },
                state::uploadEnded);
        loop = new ShipLoop(config, log, shipping, state, time, new Backoff(new Random(2)), () -> {});
    }

    /** Schedules an action at a time since the start. */
    ShipRig at(Duration when, Runnable what) {
        plan.merge(when.toNanos(), what, (one, other) -> () -> {
            one.run();
            other.run();
        });
        return this;
    }

    /** Makes each upload that starts from now on take that long. */
    void uploadsTake(Duration time) {
        uploadTime = time;
    }

    /** Suspends all uploads until {@link #endUploads}. */
    void holdUploads() {
        holdsUploads = true;
    }

    void endUploads() {
        holdsUploads = false;
        uploads.forEach(Runnable::run);
        uploads.clear();
    }

    /** Ships until that time, then closes. Returns earlier if shipping ends before. */
    ShipRig run(Duration until) {
        at(until, state::close);
        loop.run();
        failures.forEach(failure -> {
            throw new AssertionError("at " + now(), failure);
        });
        return this;
    }

    Duration now() {
        return Duration.ofNanos(time.nanos);
    }

    long requests() {
        return counts.puts() + counts.gets() + counts.lists() + counts.deletes();
    }

    private void event(String what) {
        events.add(what);
    }

    @Override
    public void onTrouble(String error) {
        event("trouble");
    }

    @Override
    public void onTroubleEnded() {
        event("trouble ended");
    }

    @Override
    public void onLagging(Duration lag) {
        event("lagging at " + now().toSeconds());
    }

    @Override
    public void onLaggingEnded() {
        event("lagging ended");
    }

    @Override
    public void onSpoolOverBudget(long bytes) {
        event("over budget");
    }

    @Override
    public void onGap(long firstSequence, long lastSequence) {
        event("gap " + firstSequence + " to " + lastSequence);
    }

    @Override
    public void onFenced(WalFencedException fenced) {
        event("fenced by epoch " + fenced.epoch());
    }

    @Override
    public void onRefused(WalShippingRefusedException refused) {
        event("refused " + refused.reason());
    }
}
