package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalRecovery;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** R6: a log on one disk is opened fifty times, and each run is stopped in the middle of a write. */
@Tag("enumeration")
class GenerationsTest {
    private static final int GENERATIONS = 50;

    @Test
    void noStaleRecordIsReadAfterATornTail() {
        Rounds.run(seed -> {
            try {
                int torn = runGenerations(seed);
                assertThat(Rounds.tried("torn tail in " + GENERATIONS + " generations of one log", torn))
                        .isGreaterThan(5);
            } catch (Exception | AssertionError e) {
                throw new AssertionError("repeat with -Dwal.seed=" + seed + ": " + e, e);
            }
        });
    }

    private static int runGenerations(long seed) throws Exception {
        Random random = new Random(seed);
        FaultyStorage storage = new FaultyStorage(seed, DiskRules.WORST);
        History<Step> history = new History<>(storage);
        int torn = 0;
        for (int generation = 0; generation < GENERATIONS; generation++) {
            Wal wal = Wal.open(LogWorkload.config(storage).build());
            LogWorkload workload = new LogWorkload(wal, history);
            int acknowledged = random.nextInt(4);
            int unforced = 1 + random.nextInt(5);
            workload.append(acknowledged);
            workload.appendUnforced(unforced, Durability.LOSE_UNFORCED);
            while (wal.stats().recordsWritten() < acknowledged + unforced) {
                Thread.onSpinWait();
            }
            FaultyStorage next = random.nextInt(4) == 0 ? storage.killProcess() : storage.cutPower(random.nextLong());
            history = history.on(next);
            end(wal);
            torn += WalRecovery.inspect(ReadOptions.of(next)).hasTornTail() ? 1 : 0;
            LogCheck.check(next, history);
            storage = next;
        }
        return torn;
    }

    /** Closes a log whose machine has stopped. */
    private static void end(Wal wal) {
        try {
            wal.close();
        } catch (WalFailedException e) {
            assertThat(e).isNotNull();
        }
    }
}
