package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Records;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * All operations concurrently, in one life of a log after another: every kind of append, read, follow, roll,
 * checkpoint, trim, crash, close. All results must be consistent with one history: see {@link StressHistory}.
 */
@Timeout(240)
class StressTest {
    private static final int LIVES = 8;
    private static final int APPENDERS = 4;
    private static final int FOLLOWERS = 2;
    private static final int RECORDS = 2_000 * Integer.getInteger("wal.rounds", 1);

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);
    private final StressHistory history = new StressHistory();

    /** The next record of each follower, which continues there in the next life. */
    private final AtomicLongArray following = new AtomicLongArray(new long[] {1, 1});

    /** The last record that may have been deleted. */
    private final AtomicLong trimmable = new AtomicLong();

    private final AtomicBoolean over = new AtomicBoolean();

    @Test
    void historyOfManyThreadsAndLivesIsOneOrder() throws Exception {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        System.out.println("seed " + seed);
        long last = 0;
        for (int life = 0; life < LIVES; life++) {
            last = live(life, new Random(seed + life), last);
        }
        assertThat(storage.openFiles()).isZero();
        // Something was trimmed. Otherwise the followers and readers were not tested.
        assertThat(Records.of(heap).firstKey()).isGreaterThan(1);
    }

    private long live(int life, Random random, long lastBefore) throws Exception {
        over.set(false);
        Wal wal = Wal.open(small(storage).heartbeatDelay(Duration.ofMillis(1)).build());
        assertThat(wal.lastSequence()).isEqualTo(lastBefore);
        wal.addTrimGuard(new FollowersGuard());
        List<CompletableFuture<?>> threads = new ArrayList<>();
        for (int i = 0; i < APPENDERS; i++) {
            String name = life + "/" + i;
            Random dice = new Random(random.nextLong());
            threads.add(start(() -> append(wal, name, dice)));
        }
        for (int i = 0; i < FOLLOWERS; i++) {
            int number = i;
            threads.add(start(() -> follow(wal, number)));
        }
        threads.add(start(() -> housekeep(wal)));
        Random dice = new Random(random.nextLong());
        threads.add(start(() -> readAgainAndAgain(wal, dice)));
        try {
            for (int death = 1; death <= 4; death++) {
                appendUpTo(wal, life + "/main/" + death, lastBefore + death * RECORDS / 4L);
                readWhatACrashWouldLeave(wal);
            }
        } finally {
            wal.close();
            over.set(true);
        }
        for (CompletableFuture<?> thread : threads) {
            thread.get(120, TimeUnit.SECONDS);
        }
        checkTheEnd(wal);
        return wal.lastSequence();
    }

    private void checkTheEnd(Wal wal) {
        long last = wal.lastSequence();
        assertThat(wal.durableSequence()).isEqualTo(last);
        history.checkComplete(last);
        for (int i = 0; i < FOLLOWERS; i++) {
            assertThat(following.get(i)).as("next of follower %s", i).isEqualTo(last + 1);
        }
        SortedMap<Long, String> left = Records.of(heap);
        assertThat(left.lastKey()).isEqualTo(last);
        assertThat(left).hasSize((int) (last - left.firstKey() + 1));
        assertThat(left.firstKey()).isLessThanOrEqualTo(trimmable.get() + 1);
        left.forEach(history::shown);
    }

    // ---- appenders

    private void appendUpTo(Wal wal, String name, long sequence) {
        for (int i = 0; wal.durableSequence() < sequence; i++) {
            String text = name + ":" + i;
            long floor = history.highestReturned();
            history.appended(floor, wal.appendDurable(2, payload(text)), text);
        }
    }

    private boolean append(Wal wal, String name, Random random) throws Exception {
        try {
            for (int i = 0; ; i++) {
                String text = name + ":" + i + " ".repeat(random.nextInt(300)) + "end";
                long floor = history.highestReturned();
                switch (random.nextInt(4)) {
                    case 0 -> {
                        long sequence = wal.appendDurable(1, payload(text));
                        assertThat(wal.durableSequence()).isGreaterThanOrEqualTo(sequence);
                        history.appended(floor, sequence, text);
                    }
                    case 1 -> history.appended(floor, wal.append(1, payload(text), Durability.LOSE_UNFORCED), text);
                    case 2 -> {
                        CompletableFuture<Long> future = wal.appendAsync(1, payload(text));
                        long sequence = future.get(120, TimeUnit.SECONDS);
                        assertThat(wal.durableSequence()).isGreaterThanOrEqualTo(sequence);
                        history.appended(floor, sequence, text);
                    }
                    default -> {
                        RecordGroup group =
                                new RecordGroup().add(1, payload(text + " 1")).add(1, payload(text + " 2"));
                        long sequence = wal.append(group, Durability.LOSE_NOTHING);
                        history.appended(floor, sequence - 1, text + " 1");
                        history.appended(floor, sequence, text + " 2");
                    }
                }
            }
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("the log is closed");
            return true;
        }
    }

    // ---- readers

    /** Reads each record once, over all lives. The guard keeps its segment, so a trim is an error. */
    private boolean follow(Wal wal, int number) {
        try (WalReader reader = wal.reader(ReadOptions.of(heap).fromSequence(following.get(number)))) {
            while (!over.get() || following.get(number) <= wal.lastSequence()) {
                if (reader.next(Duration.ofMillis(1))) {
                    assertThat(reader.sequence()).isEqualTo(following.get(number));
                    assertThat(reader.sequence()).isLessThanOrEqualTo(wal.durableSequence());
                    history.shown(reader.sequence(), Records.text(reader));
                    following.incrementAndGet(number);
                }
            }
        }
        return true;
    }

    private boolean readAgainAndAgain(Wal wal, Random random) {
        while (!over.get()) {
            long from = random.nextBoolean() ? 0 : trimmable.get() + 1;
            readFrom(wal, from);
        }
        return true;
    }

    private void readFrom(Wal wal, long from) {
        long expected = from;
        ReadOptions options =
                from == 0 ? ReadOptions.of(heap) : ReadOptions.of(heap).fromSequence(from);
        try (WalReader reader = wal.reader(options)) {
            while (reader.next()) {
                if (expected > 0) {
                    assertThat(reader.sequence()).isEqualTo(expected);
                }
                assertThat(reader.sequence()).isLessThanOrEqualTo(wal.durableSequence());
                history.shown(reader.sequence(), Records.text(reader));
                expected = reader.sequence() + 1;
            }
        } catch (WalException | IllegalArgumentException e) {
            // Only a record that may be trimmed may be missing.
            assertThat(expected).as("next record, at the exception: %s", e).isLessThanOrEqualTo(trimmable.get());
        }
    }

    /** Opens a copy of the files, as after a crash. */
    private void readWhatACrashWouldLeave(Wal wal) throws IOException {
        long durable = wal.durableSequence();
        HeapStorage left = heap.copy();
        try (Wal other = Wal.open(small(left).build())) {
            assertThat(other.lastSequence()).isGreaterThanOrEqualTo(durable);
        }
        SortedMap<Long, String> records = Records.of(left);
        assertThat(records.lastKey()).isGreaterThanOrEqualTo(durable);
        assertThat(records).hasSize((int) (records.lastKey() - records.firstKey() + 1));
        records.forEach(history::shown);
    }

    // ---- housekeeping

    private boolean housekeep(Wal wal) throws IOException {
        try {
            while (true) {
                wal.sync();
                wal.roll();
                long durable = wal.durableSequence();
                wal.writeCheckpoint(
                        durable, out -> out.write(String.valueOf(durable).getBytes(StandardCharsets.UTF_8)));
                WalCheckpoint newest = wal.newestCheckpoint().orElseThrow();
                assertThat(newest.sequence()).isEqualTo(durable);
                try (var in = newest.open()) {
                    assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                            .isEqualTo(String.valueOf(durable));
                }
                assertThat(wal.trim(2).firstSequence()).isLessThanOrEqualTo(trimmable.get() + 1);
            }
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("the log is closed");
            return true;
        }
    }

    /** Keeps the records that a follower has not read yet. */
    private final class FollowersGuard implements TrimGuard {
        @Override
        public String name() {
            return "the followers";
        }

        @Override
        public long releasedThrough() {
            long seen = Long.MAX_VALUE;
            for (int i = 0; i < FOLLOWERS; i++) {
                seen = Math.min(seen, following.get(i) - 1);
            }
            // Recorded before anything is deleted.
            trimmable.accumulateAndGet(seen, Math::max);
            return seen;
        }
    }
}
