package io.veloz.wal.internal.commit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.veloz.wal.SlowCommit;
import io.veloz.wal.WalListener;
import io.veloz.wal.child.Child;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.stats.CommitStats;
import io.veloz.wal.internal.stats.CommitTrace;
import io.veloz.wal.internal.stats.GcTime;
import io.veloz.wal.internal.stats.Stalls;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a slow commit overlapped with, and what the measurement of a commit costs. */
@Timeout(60)
class CommitTraceTest {
    private static final long MILLIS = 1_000_000;
    private static final long THRESHOLD = 100 * MILLIS;

    private final List<SlowCommit> reported = new CopyOnWriteArrayList<>();
    private final CommitStats stats = new CommitStats();
    private final CommitState state = new CommitState(new AppendBuffer(8 * 1024, 0), 0);
    private final AtomicLong clock = new AtomicLong();
    private final Stalls stalls = new Stalls(stats, clock::get);
    private final Handover handover = new Handover(state, stalls);
    private final AtomicLong collected = new AtomicLong(5_000);
    private final AtomicInteger samples = new AtomicInteger();
    private Notifier notifier;

    @BeforeEach
    void startNotifier() {
        WalListener listener = new WalListener() {
            @Override
            public void onSlowCommit(SlowCommit commit) {
                reported.add(commit);
            }
        };
        notifier = new Notifier(state, listener, 16, "test-notifier");
        notifier.start(Thread::start);
    }

    @AfterEach
    void deliver() {
        notifier.stop();
        assertThat(notifier.join(30_000 * MILLIS)).isTrue();
    }

    private CommitTrace trace(LongSupplier gcMillis) {
        return new CommitTrace("log", THRESHOLD, stats, notifier::event, stalls, new GcTime(gcMillis));
    }

    private CommitTrace trace() {
        return trace(() -> {
            samples.incrementAndGet();
            return collected.get();
        });
    }

    private static void commit(CommitTrace trace, long started, long sequence, long ended) {
        trace.begin(started, sequence, sequence);
        trace.beginForce(started);
        trace.endForce(ended);
        trace.end(ended);
    }

    private Handover.Prepared segment(long number) throws IOException {
        return new Handover.Prepared(
                new HeapStorage().create("segment-" + number),
                new SegmentHeader(LogId.random(), number, 1, Logs.SEGMENT_BYTES, Logs.BATCH_BYTES, 1));
    }

    @Test
    void waitOfAppendsForTheNextSegmentIsAStallOfTheCommitAfterIt() throws IOException {
        CommitTrace trace = trace();
        commit(trace, 0, 1, 1);
        stalls.beginAppend();
        clock.set(20 * MILLIS);
        stalls.beginAppend();
        clock.set(140 * MILLIS);
        stalls.endAppend();
        clock.set(150 * MILLIS);
        stalls.endAppend();
        handover.offer(segment(2));
        trace.waits();
        commit(trace, 150 * MILLIS, 2, 151 * MILLIS);
        trace.waits();
        commit(trace, 170 * MILLIS, 3, 171 * MILLIS);
        deliver();
        assertThat(reported).hasSize(1);
        assertThat(reported.get(0).firstSequence()).isEqualTo(2);
        assertThat(reported.get(0).stalled()).isEqualTo(Duration.ofMillis(150));
        assertThat(reported.get(0).total()).isEqualTo(Duration.ofMillis(151));
        assertThat(stats.stalls()).isEqualTo(1);
        assertThat(stats.stalledNanos()).isEqualTo(150 * MILLIS);
    }

    @Test
    void segmentThatIsLateIsOneStallHoweverManyThreadsWaitForIt() throws IOException {
        stalls.beginAppend();
        clock.set(50 * MILLIS);
        stalls.beginCommit();
        clock.set(100 * MILLIS);
        stalls.endAppend();
        stalls.beginAppend();
        clock.set(250 * MILLIS);
        handover.offer(segment(2));
        clock.set(300 * MILLIS);
        stalls.endCommit();
        stalls.endAppend();
        assertThat(stats.stalls()).isEqualTo(1);
        assertThat(stats.stalledNanos()).isEqualTo(250 * MILLIS);
    }

    @Test
    void recordsThatWereQueuedDuringAStallCountThatTimeOnce() throws IOException {
        CommitTrace trace = trace();
        commit(trace, 0, 1, 1);
        trace.empty(1, 1);
        stalls.beginAppend();
        clock.set(400 * MILLIS);
        handover.offer(segment(2));
        stalls.endAppend();
        commit(trace, 400 * MILLIS, 2, 401 * MILLIS);
        deliver();
        assertThat(reported).hasSize(1);
        assertThat(reported.get(0).total()).isBetween(Duration.ofMillis(400), Duration.ofMillis(401));
        assertThat(reported.get(0).stalled()).isBetween(Duration.ofMillis(399), Duration.ofMillis(400));
    }

    /** The caller was refused, and the segment was prepared long before the commit. */
    @Test
    void commitIsNotBlamedForAWaitLongBeforeIt() throws IOException {
        CommitTrace trace = trace();
        stalls.beginAppend();
        clock.set(500 * MILLIS);
        stalls.endAppend();
        handover.offer(segment(2));
        commit(trace, 3_000 * MILLIS, 1, 3_001 * MILLIS);
        deliver();
        assertThat(reported).isEmpty();
        assertThat(stats.stalledNanos()).isEqualTo(500 * MILLIS);
    }

    /** Otherwise one slow force would count once for each batch that was in the buffer. */
    @Test
    void commitThatOnlyWaitedForTheEndOfASlowOneIsNotSlow() {
        CommitTrace trace = trace();
        trace.begin(0, 1, 3);
        trace.beginForce(0);
        trace.endForce(200 * MILLIS);
        trace.end(200 * MILLIS);
        commit(trace, 200 * MILLIS, 2, 201 * MILLIS);
        commit(trace, 201 * MILLIS, 3, 202 * MILLIS);
        assertThat(stats.slowCommits()).isEqualTo(1);
    }

    /** Nothing would end the wait before the segment after the next one is prepared. */
    @Test
    void appendThatFindsTheSegmentPreparedDoesNotWait() throws IOException {
        handover.offer(segment(2));
        stalls.beginAppend();
        clock.set(150 * MILLIS);
        stalls.endAppend();
        assertThat(stalls.take(new Stalls.Taken())).isFalse();
        assertThat(stats.stalls()).isZero();
    }

    @Test
    void collectionsDuringASlowCommitAreCounted() {
        CommitTrace trace = trace();
        trace.begin(0, 1, 1);
        collected.addAndGet(40);
        trace.end(150 * MILLIS);
        deliver();
        assertThat(reported).extracting(SlowCommit::gc).containsExactly(Duration.ofMillis(40));
    }

    /** Collections just before the commit may be counted, so their time may be longer than the commit. */
    @Test
    void collectionsTakeNoMoreTimeThanTheCommit() {
        CommitTrace trace = trace();
        trace.begin(0, 1, 1);
        collected.addAndGet(1_000);
        trace.end(150 * MILLIS);
        deliver();
        assertThat(reported).extracting(SlowCommit::gc).containsExactly(Duration.ofMillis(150));
    }

    @Test
    void collectionsDuringTheCommitBeforeCountForTheRecordsThatWaited() {
        CommitTrace trace = trace();
        trace.begin(0, 1, 1);
        collected.addAndGet(30);
        trace.end(99 * MILLIS);
        trace.begin(100 * MILLIS, 2, 2);
        trace.end(101 * MILLIS);
        deliver();
        assertThat(reported).extracting(SlowCommit::queued).containsExactly(Duration.ofMillis(100));
        assertThat(reported).extracting(SlowCommit::gc).containsExactly(Duration.ofMillis(30));
    }

    @Test
    void unknownTimeOfCollectionsIsZero() {
        CommitTrace trace = trace(() -> GcTime.UNKNOWN);
        commit(trace, 0, 1, 150 * MILLIS);
        deliver();
        assertThat(reported).extracting(SlowCommit::gc).containsExactly(Duration.ZERO);
    }

    @Test
    void timeOfCollectionsThatBecomesKnownDuringACommitIsZero() {
        AtomicLong time = new AtomicLong(GcTime.UNKNOWN);
        CommitTrace trace = trace(time::get);
        trace.begin(0, 1, 1);
        time.set(7_000);
        trace.end(150 * MILLIS);
        deliver();
        assertThat(reported).extracting(SlowCommit::gc).containsExactly(Duration.ZERO);
    }

    @Test
    void fastCommitsSampleTheCollectionsTenTimesASecond() {
        CommitTrace trace = trace();
        for (int i = 0; i < 1_000; i++) {
            trace.waits();
            commit(trace, i * MILLIS, i + 1, i * MILLIS + 1);
        }
        assertThat(samples).hasValue(10);
        assertThat(stats.slowCommits()).isZero();
    }

    @Test
    void processKnowsItsCollections() {
        GcTime.load();
        assertThat(GcTime.processMillis()).isNotNegative();
    }

    @Test
    void processWithoutTheModuleOfManagementDoesNotKnowItsCollections() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--limit-modules",
                        "java.base",
                        "-cp",
                        Child.classPath(),
                        GcTimeMain.class.getName())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("-1" + System.lineSeparator());
    }

    /** The records are durable, so a report that fails must not fail the log. */
    @Test
    void reportThatRunsOutOfMemoryIsCountedAndThrowsNothing() {
        AtomicInteger calls = new AtomicInteger();
        CommitTrace trace = trace(() -> {
            if (calls.incrementAndGet() == 2) {
                throw new OutOfMemoryError("Java heap space");
            }
            return 0;
        });
        commit(trace, 0, 1, 150 * MILLIS);
        trace.waits();
        commit(trace, 200 * MILLIS, 2, 400 * MILLIS);
        deliver();
        assertThat(stats.slowCommits()).isEqualTo(2);
        assertThat(reported).extracting(SlowCommit::firstSequence).containsExactly(2L);
        assertThat(reported).extracting(SlowCommit::unreported).containsExactly(1L);
    }

    /** Each record was published after the take before the last one that left records in the buffer. */
    @Test
    void queueTimeUnderABacklogIsBoundedByTwoTakesOfTheWholeBuffer() {
        CommitTrace trace = trace();
        long sequence = 1;
        for (int take = 0; take < 100; take++) {
            // The buffer contains 8 batches of 5 records, and is full after each take.
            trace.begin(take * 90 * MILLIS, sequence, sequence + 39);
            trace.end(take * 90 * MILLIS + 1);
            sequence += 5;
        }
        deliver();
        assertThat(reported).hasSizeGreaterThan(2);
        assertThat(reported)
                .allSatisfy(commit -> assertThat(commit.queued()).isLessThanOrEqualTo(Duration.ofMillis(16 * 90)));
    }

    @Test
    void measuringACommitAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        GcTime.load();
        CommitTrace trace = trace(GcTime::processMillis);
        long least = Long.MAX_VALUE;
        for (int i = 1; i <= 200; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            long now = i * THRESHOLD * 10;
            trace.waits();
            trace.begin(now, i, i);
            trace.beginForce(now + 1);
            trace.endForce(now + 2);
            trace.empty(now + 2, i);
            trace.beginRoll(now + 3);
            trace.endRoll(now + 4, i);
            trace.end(now + 5);
            trace.beginWithoutRecords(now + 6, i + 1);
            trace.end(now + 7);
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).isZero();
    }
}
