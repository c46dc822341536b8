package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A caller waits for an old record, and a slot that has to be read back for the answer is missing. */
@Timeout(60)
class ReadBackTroubleTest {
    private static final long LONGER_THAN_THE_PAUSE = Duration.ofSeconds(6).toNanos();

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private final AtomicLong nanos = new AtomicLong();

    /** Records failures that are trouble, and the successes of reading back gaps. A failed clean-up is not trouble. */
    private static final class Jobs implements ShipProgress {
        final List<String> events = new ArrayList<>();
        long archived;
        long gapsWantedFrom = Long.MAX_VALUE;
        long gapsKnownFrom = Long.MAX_VALUE;

        @Override
        public void epochAcquired(long epoch, Archived upTo) {}

        @Override
        public void archived(Archived upTo, long releasedThrough) {
            archived = upTo.sequence();
        }

        @Override
        public void spool(long lagBytes, long spoolBytes, long lastSealed) {}

        @Override
        public void gap(long firstSequence, long lastSequence, boolean isNew) {}

        @Override
        public void gapsKnownFrom(long sequence) {
            gapsKnownFrom = sequence;
        }

        @Override
        public long gapsWantedFrom() {
            return gapsWantedFrom;
        }

        @Override
        public void failed(Job job, Throwable error) {
            if (job != Job.CLEAN_UP && job != Job.SUMMARY) {
                events.add("failed " + job);
            }
        }

        @Override
        public void succeeded(Job job) {
            if (job == Job.GAPS) {
                events.add("succeeded " + job);
            }
        }
    }

    @Test
    void slotThatCannotBeReadBackIsOneTroubleUntilItIsRead() throws IOException {
        try (Wal wal = SmallLog.open(dir)) {
            SmallLog.append(wal, 900);
            try (Stepper first = new Stepper(LocalLog.of(wal), store)) {
                first.ship();
            }
            // Before the start: a shipper reads every kept slot once, and caches it.
            String key = ArchiveKeys.slot(slotOfTheFirstSegment());
            byte[] slot = store.objects().get(key);
            store.remove(key);
            Jobs jobs = new Jobs();
            try (Shipping shipping = shipping(wal, jobs)) {
                advance(shipping);
                assertThat(jobs.events).isEmpty();
                assertThat(jobs.gapsKnownFrom).as("not read back yet").isGreaterThan(1);
                jobs.gapsWantedFrom = 1;
                advance(shipping);
                assertThat(withoutSuccesses(jobs)).containsExactly("failed GAPS");
                jobs.events.clear();
                for (int i = 0; i < 20; i++) {
                    SmallLog.append(wal, 1);
                    advance(shipping);
                    assertThat(jobs.archived).isEqualTo(wal.durableSequence());
                }
                assertThat(jobs.events).as("other slots do not end the trouble").isEmpty();
                nanos.addAndGet(LONGER_THAN_THE_PAUSE);
                advance(shipping);
                assertThat(jobs.events).containsExactly("failed GAPS");
                jobs.events.clear();
                store.damage(key, slot);
                nanos.addAndGet(LONGER_THAN_THE_PAUSE);
                advance(shipping);
                assertThat(jobs.events).isNotEmpty().containsOnly("succeeded GAPS");
                assertThat(jobs.gapsKnownFrom).isOne();
            }
        }
    }

    private Shipping shipping(Wal wal, Jobs jobs) {
        return new Shipping(
                TestShip.shipping(store).build(),
                LocalLog.of(wal),
                store,
                jobs,
                new Backoff(new Random(1)),
                RateLimiter.UNLIMITED,
                nanos::incrementAndGet,
                Runnable::run,
                () -> {});
    }

    /** Slots between the newest segment and the missing one are read successfully before the failure. */
    private static List<String> withoutSuccesses(Jobs jobs) {
        return jobs.events.stream()
                .filter(event -> !event.startsWith("succeeded"))
                .toList();
    }

    private long slotOfTheFirstSegment() throws IOException {
        for (Slot slot : TestShip.slots(store)) {
            if (slot.part() instanceof Segment segment && segment.number() == 1) {
                return slot.number();
            }
        }
        throw new AssertionError("segment 1 is not archived");
    }

    private static void advance(Shipping shipping) throws IOException {
        shipping.flush();
        int steps = 0;
        while (shipping.advance()) {
            assertThat(steps++).isLessThan(1000);
        }
    }
}
