package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Everybody at once: append in every way, read, follow, roll, checkpoint, trim, close. */
@Timeout(120)
class StressTest {
    private static final int RECORDS = 6_000 * Integer.getInteger("wal.rounds", 1);

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);
    private final Map<Long, String> appended = new ConcurrentHashMap<>();
    private final AtomicBoolean over = new AtomicBoolean();

    @Test
    void historyOfManyThreadsIsOneOrder() throws Exception {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Wal wal = Wal.open(small(storage).heartbeatDelay(Duration.ofMillis(1)).build());
        List<CompletableFuture<?>> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int number = i;
            threads.add(start(() -> append(wal, number, new Random(seed + number))));
        }
        for (int i = 0; i < 2; i++) {
            threads.add(start(() -> follow(wal)));
        }
        threads.add(start(() -> keepHouse(wal)));
        threads.add(start(() -> readFromTheStart(wal)));
        while (wal.durableSequence() < RECORDS) {
            wal.appendDurable(2, payload("main"));
        }
        wal.close();
        over.set(true);
        for (CompletableFuture<?> thread : threads) {
            thread.get(60, TimeUnit.SECONDS);
        }

        SortedMap<Long, String> left = Records.of(heap);
        assertThat(left.lastKey()).isEqualTo(wal.lastSequence());
        assertThat(left).hasSize((int) (left.lastKey() - left.firstKey() + 1));
        left.forEach((sequence, text) -> {
            if (!text.equals("main")) {
                assertThat(text).isEqualTo(appended.get(sequence));
            }
        });
        assertThat(storage.openFiles()).isZero();
    }

    /** Each append begins after the one before it has returned, so its sequence is higher; that is checked here. */
    private boolean append(Wal wal, int thread, Random random) throws Exception {
        long before = 0;
        try {
            for (int i = 0; ; i++) {
                String text = thread + ":" + i + " ".repeat(random.nextInt(300));
                long sequence;
                switch (random.nextInt(4)) {
                    case 0 -> {
                        sequence = wal.appendDurable(1, payload(text));
                        assertThat(wal.durableSequence()).isGreaterThanOrEqualTo(sequence);
                    }
                    case 1 -> sequence = wal.append(1, payload(text), Durability.LOSE_UNFORCED);
                    case 2 -> sequence = wal.appendAsync(1, payload(text)).get(60, TimeUnit.SECONDS);
                    default -> {
                        RecordGroup group =
                                new RecordGroup().add(1, payload(text)).add(1, payload(text));
                        sequence = wal.append(group, Durability.LOSE_NOTHING);
                        assertThat(appended.put(sequence - 1, text)).isNull();
                    }
                }
                assertThat(appended.put(sequence, text)).isNull();
                assertThat(sequence).isGreaterThan(before);
                before = sequence;
            }
        } catch (IllegalStateException e) {
            return true;
        }
    }

    private boolean follow(Wal wal) {
        long expected = 0;
        try (WalReader reader = wal.reader()) {
            while (!over.get()) {
                if (reader.next(Duration.ofMillis(1))) {
                    assertThat(reader.sequence()).isLessThanOrEqualTo(wal.durableSequence());
                    if (expected > 0) {
                        assertThat(reader.sequence()).isEqualTo(expected);
                    }
                    expected = reader.sequence() + 1;
                }
            }
        } catch (WalCorruptException e) {
            // A follower that is slower than the trimming finds its segment gone.
            assertThat(e).hasMessageContaining("expected");
        }
        return true;
    }

    private boolean readFromTheStart(Wal wal) {
        while (!over.get()) {
            try (WalReader reader = wal.reader()) {
                long expected = 0;
                while (reader.next()) {
                    if (expected > 0) {
                        assertThat(reader.sequence()).isEqualTo(expected);
                    }
                    expected = reader.sequence() + 1;
                }
            } catch (WalException e) {
                // Trimmed under its feet.
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
        return true;
    }

    private boolean keepHouse(Wal wal) {
        try {
            while (true) {
                wal.sync();
                wal.roll();
                long durable = wal.durableSequence();
                wal.writeCheckpoint(durable, out -> out.write(1));
                wal.trim(6);
            }
        } catch (IllegalStateException e) {
            return true;
        }
    }
}
