package io.veloz.wal.internal.commit;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class AppendBufferTest {
    private static final int CAPACITY = 8 * 1024;
    private static final long NO_LIMIT = Long.MAX_VALUE - 1;

    private final ByteBuffer target = ByteBuffer.allocateDirect(4 * 1024).order(ByteOrder.LITTLE_ENDIAN);
    private final AppendBuffer.Taken taken = new AppendBuffer.Taken();

    @Test
    void nothingIsTakenBeforeItIsPublished() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        long first = buffer.claim(1, 24, NO_LIMIT);
        long second = buffer.claim(1, 24, NO_LIMIT);
        buffer.publish(second, 1, 24, AppendBuffer.FORCE_NOW);

        buffer.takeOnCommitThread(taken, target, 0);
        assertThat(taken.records).isZero();

        buffer.publish(first, 1, 24, AppendBuffer.FORCE_NOW);
        buffer.takeOnCommitThread(taken, target, 0);
        assertThat(taken.records).isEqualTo(2);
        assertThat(taken.firstSequence).isEqualTo(1);
    }

    @Test
    void fullRingRefusesUntilSomethingIsTaken() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        List<Long> claims = new ArrayList<>();
        long claim;
        while ((claim = buffer.claim(1, 1008, NO_LIMIT)) >= 0) {
            claims.add(claim);
        }
        assertThat(claim).isEqualTo(AppendBuffer.FULL);
        assertThat(claims).hasSize(8);
        assertThat(buffer.pendingBytes()).isEqualTo(CAPACITY);

        buffer.publish(claims.get(0), 1, 1008, AppendBuffer.FORCE_NOW);
        buffer.takeOnCommitThread(taken, target, 0);

        assertThat(taken.records).isEqualTo(1);
        assertThat(buffer.claim(1, 1008, NO_LIMIT)).isNotNegative();
    }

    @Test
    void batchHasTheUrgencyOfItsMostUrgentFrame() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        for (int urgency : new int[] {AppendBuffer.FORCE_LATER, AppendBuffer.FORCE_SOON, AppendBuffer.FORCE_LATER}) {
            buffer.publish(buffer.claim(1, 24, NO_LIMIT), 1, 24, urgency);
        }
        buffer.takeOnCommitThread(taken, target, 0);

        assertThat(taken.urgency).isEqualTo(AppendBuffer.FORCE_SOON);
    }

    @Test
    void nothingAfterAnUnpublishedClaimIsTaken() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        buffer.publish(buffer.claim(1, 24, NO_LIMIT), 1, 24, AppendBuffer.FORCE_NOW);
        buffer.claim(1, 24, NO_LIMIT);
        buffer.publish(buffer.claim(1, 24, NO_LIMIT), 1, 24, AppendBuffer.FORCE_NOW);
        buffer.takeOnCommitThread(taken, target, 0);

        assertThat(taken.records).isEqualTo(1);
    }

    @Test
    void frameThatDoesNotFitTheBatchWaitsForTheNext() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        for (int i = 0; i < 3; i++) {
            buffer.publish(buffer.claim(1, 1600, NO_LIMIT), 1, 1600, AppendBuffer.FORCE_NOW);
        }
        buffer.takeOnCommitThread(taken, target, 0);
        assertThat(taken.records).isEqualTo(2);

        buffer.takeOnCommitThread(taken, target, 0);
        assertThat(taken.records).isEqualTo(1);
        assertThat(taken.firstSequence).isEqualTo(3);
    }

    @Test
    void unwrittenBytesIncludeTakenBytes() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 0);
        buffer.publish(buffer.claim(1, 24, NO_LIMIT), 1, 24, AppendBuffer.FORCE_NOW);
        buffer.takeOnCommitThread(taken, target, 0);
        assertThat(buffer.pendingBytes()).isZero();
        assertThat(buffer.unwrittenBytes()).isEqualTo(40);

        buffer.writtenOnCommitThread();
        assertThat(buffer.unwrittenBytes()).isZero();
    }

    @Test
    void limitAppliesToTheFirstSequenceOfAClaim() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 10);

        assertThat(buffer.claim(5, 120, 10)).isEqualTo(AppendBuffer.FULL);
        assertThat(buffer.claim(5, 120, 11)).isNotNegative();
        assertThat(buffer.claim(1, 24, 15)).isEqualTo(AppendBuffer.FULL);
        assertThat(buffer.lastClaimedSequence()).isEqualTo(15);
    }

    @Test
    void closedBufferRefusesClaimsAndReturnsItsLastSequence() {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, 7);
        long claim = buffer.claim(2, 48, NO_LIMIT);

        assertThat(buffer.close()).isEqualTo(9);
        assertThat(buffer.close()).isEqualTo(9);
        assertThat(buffer.claim(1, 24, NO_LIMIT)).isEqualTo(AppendBuffer.CLOSED);
        assertThat(buffer.isDrainedOnCommitThread()).isFalse();

        buffer.publish(claim, 2, 48, AppendBuffer.FORCE_NOW);
        buffer.takeOnCommitThread(taken, target, 0);
        assertThat(buffer.isDrainedOnCommitThread()).isTrue();
    }

    /** The tail has only the low bits: 23 bits of the sequence, and 40 bits of the position divided by 8. */
    @ParameterizedTest
    @ValueSource(longs = {0, (1 << 23) - 10, 1 << 23, (1L << 32) - 5, (1L << 40) * 8 - 64, Long.MAX_VALUE - 5_000_000})
    void sequencesAndPositionsContinueWhenTheirBitsOverflow(long lastSequence) throws Exception {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, lastSequence);
        startAt(buffer, (1L << 43) - 20_000);
        Random random = new Random(1);
        long expected = lastSequence;
        for (int round = 0; round < 5_000; round++) {
            int records = 1 + random.nextInt(3);
            int bytes = 24 * records + 8 * random.nextInt(20);
            long claim = buffer.claim(records, bytes, NO_LIMIT);
            assertThat(buffer.firstSequence(claim)).isEqualTo(expected + 1);
            assertThat(buffer.lastClaimedSequence()).isEqualTo(expected + records);
            buffer.publish(claim, records, bytes, AppendBuffer.FORCE_NOW);
            buffer.takeOnCommitThread(taken, target, 0);
            assertThat(taken.firstSequence).isEqualTo(expected + 1);
            assertThat(taken.records).isEqualTo(records);
            assertThat(taken.end).isEqualTo(bytes);
            assertThat(buffer.pendingBytes()).isZero();
            expected += records;
        }
    }

    private static void startAt(AppendBuffer buffer, long position) throws ReflectiveOperationException {
        buffer.consumedPosition().open(position);
        Field takePosition = AppendBuffer.class.getDeclaredField("takePosition");
        takePosition.setAccessible(true);
        takePosition.setLong(buffer, position);
        Field tail = AppendBuffer.class.getDeclaredField("tail");
        tail.setAccessible(true);
        tail.setLong(buffer, tail.getLong(buffer) | ((position >>> 3) & ((1L << 40) - 1)));
    }

    /** Many threads claim, fill and publish, one takes, and then the buffer is closed. */
    @ParameterizedTest
    @ValueSource(longs = {0, (1 << 23) - 1000})
    void everyClaimIsTakenOnceAndWhole(long lastSequence) throws Exception {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        System.out.println("seed " + seed);
        int rounds = 2 * Integer.getInteger("wal.rounds", 1);
        for (int round = 0; round < rounds; round++) {
            runOnce(lastSequence, seed + round);
        }
    }

    private void runOnce(long lastSequence, long seed) throws Exception {
        AppendBuffer buffer = new AppendBuffer(CAPACITY, lastSequence);
        startAt(buffer, (1L << 43) - 100_000);
        BitSet claimed = new BitSet();
        AtomicLong claimedRecords = new AtomicLong();
        AtomicBoolean close = new AtomicBoolean();
        List<CompletableFuture<Void>> appenders = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Random random = new Random(seed * 31 + i);
            appenders.add(CompletableFuture.runAsync(
                    () -> appendUntilClosed(buffer, random, claimed, claimedRecords, lastSequence), task -> {
                        Thread thread = new Thread(task);
                        thread.setDaemon(true);
                        thread.start();
                    }));
        }
        long expected = lastSequence;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!buffer.isDrainedOnCommitThread() || !close.get()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no progress after record " + expected);
            }
            buffer.takeOnCommitThread(taken, target, 0);
            if (taken.records > 0) {
                assertThat(taken.firstSequence).isEqualTo(expected + 1);
                expected = checkRecords(expected);
            }
            buffer.writtenOnCommitThread();
            if (expected - lastSequence > 20_000 && !close.get()) {
                buffer.close();
                close.set(true);
            }
        }
        for (CompletableFuture<Void> appender : appenders) {
            appender.get(30, TimeUnit.SECONDS);
        }
        assertThat(expected).isEqualTo(buffer.lastClaimedSequence());
        assertThat(expected - lastSequence).isEqualTo(claimedRecords.get());
        assertThat(claimed.cardinality()).isEqualTo((int) claimedRecords.get());
    }

    /** Checks that each record has its length, its sequence, and the bytes that follow from the two. */
    private long checkRecords(long before) {
        long sequence = before;
        int at = 0;
        while (at < taken.end) {
            sequence++;
            int bytes = (int) target.getLong(at);
            assertThat(target.getLong(at + 8)).isEqualTo(sequence);
            for (int i = 16; i < bytes; i += 8) {
                if (target.getLong(at + i) != sequence * i) {
                    throw new AssertionError("record " + sequence + " is torn at " + i);
                }
            }
            at += bytes;
        }
        assertThat(sequence - before).isEqualTo(taken.records);
        return sequence;
    }

    private static void appendUntilClosed(
            AppendBuffer buffer, Random random, BitSet claimed, AtomicLong claimedRecords, long lastSequence) {
        while (true) {
            int records = 1 + random.nextInt(4);
            int bytes = 24 + 8 * random.nextInt(30);
            long claim = buffer.claim(records, records * bytes, NO_LIMIT);
            if (claim == AppendBuffer.CLOSED) {
                return;
            }
            if (claim == AppendBuffer.FULL) {
                Thread.onSpinWait();
                continue;
            }
            long first = buffer.firstSequence(claim);
            int at = buffer.recordsAt(claim);
            for (int record = 0; record < records; record++, at += bytes) {
                buffer.bytes().putLong(at, bytes).putLong(at + 8, first + record);
                for (int i = 16; i < bytes; i += 8) {
                    buffer.bytes().putLong(at + i, (first + record) * i);
                }
            }
            buffer.publish(claim, records, records * bytes, AppendBuffer.FORCE_NOW);
            claimedRecords.addAndGet(records);
            synchronized (claimed) {
                claimed.set((int) (first - lastSequence), (int) (first - lastSequence) + records);
            }
        }
    }
}
