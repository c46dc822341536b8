package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalException;
import io.veloz.wal.testkit.Operation.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * R7 and R8: after a failed force the page cache can have data that is not on disk, until it drops the pages. Here it
 * drops them during the next open, before any of its operations.
 */
@Tag("enumeration")
class PageCacheTest {
    /** The step between tried operations of each run, with a different offset per run; 1 with several rounds. */
    private static final int STEP = CrashPoints.rounds() > 1 ? 1 : 11;

    @Test
    void recoveredRecordsAreDurableWhenThePageCacheIsDropped() {
        Rounds.run(seed -> {
            int tried = 0;
            int changes = 0;
            @Nullable Past past = Past.withFailedForce(seed, 1);
            for (int nth = 2; past != null; nth++) {
                int times = past.storesLess() ? openWithEach(past, nth % STEP) : 0;
                tried += times;
                changes += times > 0 ? 1 : 0;
                past = Past.withFailedForce(seed, nth);
            }
            assertThat(changes)
                    .as("failed forces after which the page cache differed from the disk")
                    .isGreaterThan(5);
            assertThat(Rounds.tried("page cache dropped in a recovery after a failed force", tried))
                    .isGreaterThan(100);
        });
    }

    /** Drops the page cache before one operation after the other, until an open has no further operation. */
    private static int openWithEach(Past past, int offset) {
        for (int count = 0; ; count++) {
            FaultyStorage storage = past.storage.killProcess();
            History<Step> history = past.history.on(storage);
            boolean dropped = openWith(storage, history, 1 + offset + count * STEP);
            if (!dropped) {
                return count;
            }
        }
    }

    private static boolean openWith(FaultyStorage storage, History<Step> history, int nth) {
        boolean[] dropped = {false};
        storage.plan(operation -> {
            if (operation.number() == nth) {
                storage.dropPageCache();
                dropped[0] = true;
            }
            return null;
        });
        try {
            LogCheck.openAndCheck(storage, history);
            FaultyStorage dark = storage.cutPower(nth);
            LogCheck.check(dark, history.on(dark));
            return dropped[0];
        } catch (Exception | AssertionError e) {
            throw new AssertionError("page cache dropped before operation " + nth + ": " + e, e);
        }
    }

    /** A run that ended with a failed force, and its disk. */
    private record Past(FaultyStorage storage, History<Step> history) {
        /** Returns null if there are fewer forces. */
        static @Nullable Past withFailedForce(long seed, int nth) {
            FaultyStorage storage = new FaultyStorage(seed, DiskRules.WORST.failedForce(DiskRules.FailedForce.LOST));
            int[] seen = {0};
            storage.plan(operation -> operation.kind() == Kind.FORCE && ++seen[0] == nth ? Fault.IO_ERROR : null);
            History<Step> history = new History<>(storage);
            try {
                LogWorkload.run(storage, history);
            } catch (WalException | UncheckedIOException | CompletionException e) {
                assertThat(storage.faults()).isPositive();
            }
            storage.plan(FaultPlan.NONE);
            return storage.faults() == 0 ? null : new Past(storage, history);
        }

        /** Returns whether dropping the page cache changes any file. */
        boolean storesLess() {
            FaultyStorage copy = storage.killProcess();
            Map<String, String> before = contents(copy);
            copy.dropPageCache();
            return !contents(copy).equals(before);
        }

        private static Map<String, String> contents(FaultyStorage storage) {
            try {
                Map<String, String> contents = new HashMap<>();
                for (String name : storage.list()) {
                    contents.put(name, java.util.Arrays.toString(storage.bytes(name)));
                }
                return contents;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
