package io.veloz.wal.bench.measure;

import io.veloz.wal.bench.log.MeasuredLog;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Runs appends against an open log, and returns their rate, latencies and allocation. */
final class Load {
    private static final long LARGEST_NANOS = TimeUnit.MINUTES.toNanos(10);
    private static final int DIGITS = 3;

    /** More threads than these have histograms of two digits: one of three digits takes 245 KB. */
    private static final int MANY_THREADS = 64;

    private final MeasuredLog log;
    private final int recordBytes;

    Load(MeasuredLog log, int recordBytes) {
        this.log = log;
        this.recordBytes = recordBytes;
    }

    /** Returns a record of random bytes, so that no file system or disk can compress it. */
    private ByteBuffer record(long seed) {
        ByteBuffer record = ByteBuffer.allocate(recordBytes);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < recordBytes; i++) {
            record.put(i, (byte) random.nextInt());
        }
        return record;
    }

    /**
     * Each thread appends its next record when the previous one is durable. A closed loop: a stall delays the appends that would
     * have followed, so the percentiles are those of the appends that were made, not of a schedule.
     */
    Map<Metric, Double> durable(int threads, boolean virtual, double seconds) throws Exception {
        int digits = threads > MANY_THREADS ? 2 : DIGITS;
        List<Histogram> histograms = new ArrayList<>();
        CountDownLatch start = new CountDownLatch(1);
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        AtomicLong end = new AtomicLong();
        CountDownLatch ended = new CountDownLatch(threads);
        for (int i = 0; i < threads; i++) {
            Histogram histogram = new Histogram(LARGEST_NANOS, digits);
            histograms.add(histogram);
            ByteBuffer record = record(i);
            Thread unused = Threads.start(virtual, () -> {
                try {
                    start.await();
                    for (long before = System.nanoTime(); before - end.get() < 0; ) {
                        log.append(record.clear());
                        long now = System.nanoTime();
                        histogram.recordValue(now - before);
                        before = now;
                    }
                } catch (Throwable t) {
                    failure.compareAndSet(null, t);
                } finally {
                    ended.countDown();
                }
            });
        }
        long started = System.nanoTime();
        end.set(started + (long) (seconds * 1e9));
        start.countDown();
        ended.await();
        double elapsed = (System.nanoTime() - started) / 1e9;
        Threads.rethrow(failure.get());
        Histogram sum = new Histogram(LARGEST_NANOS, DIGITS);
        histograms.forEach(sum::add);
        Map<Metric, Double> result = latencies(sum);
        result.put(Metric.OPS, sum.getTotalCount() / elapsed);
        return result;
    }

    /** One thread appends while fewer than a number of records are not durable yet. */
    Map<Metric, Double> pipelined(int inFlight, double seconds) throws Exception {
        ByteBuffer record = record(1);
        AtomicLong durable = new AtomicLong();
        Thread producer = Thread.currentThread();
        AtomicLong waitsFor = new AtomicLong(Long.MAX_VALUE);
        Runnable callback = () -> {
            if (durable.incrementAndGet() == waitsFor.get()) {
                LockSupport.unpark(producer);
            }
        };
        long appended = 0;
        long allocated = Threads.allocatedBytes();
        long started = System.nanoTime();
        long end = started + (long) (seconds * 1e9);
        while (System.nanoTime() - end < 0) {
            for (int i = 0; i < 64; i++) {
                log.appendAsync(record.clear(), callback);
                appended++;
                if (appended - durable.get() >= inFlight) {
                    // Continues when half are durable, so that a wake-up is paid for many records.
                    awaitDurable(durable, waitsFor, appended - inFlight / 2);
                }
            }
        }
        awaitDurable(durable, waitsFor, appended);
        double elapsed = (System.nanoTime() - started) / 1e9;
        return rate(appended, elapsed, Threads.allocatedBytes() - allocated);
    }

    private static void awaitDurable(AtomicLong durable, AtomicLong waitsFor, long count) {
        waitsFor.set(count);
        while (durable.get() < count) {
            LockSupport.parkNanos(durable, 10_000_000);
        }
        waitsFor.set(Long.MAX_VALUE);
    }

    /** One thread appends without waiting, as fast as the log takes the records; at the end all of them are forced. */
    Map<Metric, Double> buffered(double seconds) throws Exception {
        ByteBuffer record = record(1);
        long appended = 0;
        long allocated = Threads.allocatedBytes();
        long started = System.nanoTime();
        long end = started + (long) (seconds * 1e9);
        while (System.nanoTime() - end < 0) {
            for (int i = 0; i < 64; i++) {
                log.appendBuffered(record.clear());
            }
            appended += 64;
        }
        log.sync();
        double elapsed = (System.nanoTime() - started) / 1e9;
        return rate(appended, elapsed, Threads.allocatedBytes() - allocated);
    }

    /** Appends a number of records without waiting. */
    void fill(long records) throws Exception {
        ByteBuffer record = record(1);
        for (long i = 0; i < records; i++) {
            log.appendBuffered(record.clear());
        }
        log.sync();
    }

    /**
     * One thread appends at a fixed rate, each record when it is due, whatever happened to those before it. The latency is from
     * due to durable, so a stall counts for every record that was due during it (no coordinated omission). The lateness is from
     * due to the call of the append: a late wake-up of this thread, and appends before that have blocked.
     */
    Map<Metric, Double> fixedRate(int perSecond, double seconds) throws Exception {
        ByteBuffer record = record(1);
        Histogram late = OpenLoop.histogram();
        Histogram histogram = OpenLoop.histogram();
        AtomicLong durable = new AtomicLong();
        long first = System.nanoTime();
        long records = OpenLoop.run(
                perSecond,
                seconds,
                late,
                due -> log.appendAsync(record.clear(), () -> {
                    histogram.recordValue(System.nanoTime() - due);
                    durable.incrementAndGet();
                }));
        log.sync();
        while (durable.get() < records) {
            LockSupport.parkNanos(1_000_000);
        }
        double elapsed = (System.nanoTime() - first) / 1e9;
        Map<Metric, Double> result = latencies(histogram);
        result.put(Metric.LATE_P50_MICROS, late.getValueAtPercentile(50) / 1e3);
        result.put(Metric.LATE_P99_MICROS, late.getValueAtPercentile(99) / 1e3);
        result.put(Metric.OPS, records / elapsed);
        return result;
    }

    /** The allocation is negative if a thread has ended that had allocated more before; then it is reported as 0. */
    private static Map<Metric, Double> rate(long records, double seconds, long allocatedBytes) {
        Map<Metric, Double> result = new EnumMap<>(Metric.class);
        result.put(Metric.OPS, records / seconds);
        result.put(Metric.NANOS, seconds * 1e9 / records);
        result.put(Metric.ALLOCATED_BYTES, (double) Math.max(0, allocatedBytes) / records);
        return result;
    }

    private static Map<Metric, Double> latencies(Histogram histogram) {
        Map<Metric, Double> result = new EnumMap<>(Metric.class);
        result.put(Metric.P50_MICROS, histogram.getValueAtPercentile(50) / 1e3);
        result.put(Metric.P99_MICROS, histogram.getValueAtPercentile(99) / 1e3);
        result.put(Metric.P999_MICROS, histogram.getValueAtPercentile(99.9) / 1e3);
        result.put(Metric.MAX_MICROS, histogram.getMaxValue() / 1e3);
        return result;
    }
}
