package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.testkit.Fault;
import io.veloz.wal.testkit.FaultPlan;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A standby follows an archive that grows, and is promoted. Power is cut at every operation on the disk and at every request.
 * Before the promotion has ended no engine opens the directory, and the next run completes it with every archived record.
 */
@Tag("enumeration")
class FollowCrashTest {
    /** The objects of an archive as it grows: tails, a segment with dropped tails, a restart, a checkpoint. */
    private final List<Map<String, byte[]>> stages = new ArrayList<>();

    private List<Entry> records = List.of();

    /** The disk and the store of one run, of which each operation may be the last one. */
    private final class Run {
        final HeapStore store = new HeapStore();
        FaultyStorage disk = FollowRig.disk();
        HeapStore client = store;
        int stage;
        boolean isPromoted;
        boolean isCut;

        /** Runs to the end. After a crash it continues on what is left. */
        void run(long cutSeed) throws IOException {
            while (!isPromoted) {
                try {
                    advance();
                } catch (IOException | WalException | ArchiveFollowException e) {
                    if (isCut) {
                        throw e;
                    }
                    isCut = true;
                    disk = disk.cutPower(cutSeed);
                    client = store;
                    assertNoShorterLog();
                }
            }
            disk.plan(FaultPlan.NONE);
            FollowRig.assertContinues(store, disk, records);
        }

        private void advance() throws IOException {
            while (stage < stages.size()) {
                grow();
                FollowRig.follow(client, disk);
                stage++;
            }
            if (!isAlreadyPromoted()) {
                FollowRig.promote(client, disk);
            }
            isPromoted = true;
        }

        /** Returns whether the last step of the promotion, which removes the state, was completed before the crash. */
        private boolean isAlreadyPromoted() throws IOException {
            return isCut
                    && !disk.list().contains(".orders_follow")
                    && !disk.list().contains(".orders_restoring");
        }

        private void grow() {
            Map<String, byte[]> next = stages.get(stage);
            store.objects().keySet().stream()
                    .filter(key -> !next.containsKey(key))
                    .forEach(store::remove);
            next.forEach(store::damage);
        }

        private void assertNoShorterLog() throws IOException {
            FaultyStorage copy = disk.killProcess();
            disk = disk.killProcess();
            boolean begun = copy.list().contains(".orders_follow") || stage > 0;
            try (Wal wal = FollowRig.open(copy)) {
                assertThat(wal.lastSequence()).isEqualTo(begun ? records.size() : 0);
            } catch (WalOpenException e) {
                assertThat(e).hasMessageContaining("a restore into it has not ended");
            }
        }
    }

    @BeforeEach
    void ship() {
        try (FollowRig rig = new FollowRig()) {
            snapshot(rig.ship(3));
            snapshot(rig.ship(2));
            snapshot(rig.shipASegment());
            snapshot(rig.ship(4));
            rig.primary.writeCheckpoint(20, out -> out.write(1));
            snapshot(rig.ship(30));
            rig.restartPrimary();
            snapshot(rig.ship(2));
            snapshot(rig.shipASegment().shipASegment());
            snapshot(rig.ship(3));
            records = rig.records();
        }
    }

    private void snapshot(FollowRig rig) {
        stages.add(new TreeMap<>(rig.store.objects()));
    }

    @Test
    void powerCutAtEveryOperationOnTheDisk() throws IOException {
        for (long at = 1; ; at++) {
            Run run = new Run();
            long from = at;
            FaultPlan dies = operation -> operation.number() >= from ? Fault.IO_ERROR : null;
            run.disk.plan(dies);
            run.run(at);
            if (!run.isCut) {
                System.out.println("standby: " + (at - 1) + " power cuts");
                assertThat(at).isGreaterThan(100);
                return;
            }
        }
    }

    @Test
    void powerCutBeforeEveryRequest() throws IOException {
        cutAtEveryRequest(HeapStore.Fault.DIE_BEFORE);
    }

    @Test
    void powerCutAfterEveryRequest() throws IOException {
        cutAtEveryRequest(HeapStore.Fault.DIE_AFTER);
    }

    private void cutAtEveryRequest(HeapStore.Fault fault) throws IOException {
        for (int at = 1; ; at++) {
            Run run = new Run();
            run.client = run.store.client(Plan.at(at, fault));
            run.run(at);
            if (!run.isCut) {
                assertThat(at).isGreaterThan(50);
                return;
            }
        }
    }
}
