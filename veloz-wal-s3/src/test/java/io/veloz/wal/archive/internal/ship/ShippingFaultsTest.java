package io.veloz.wal.archive.internal.ship;

import static io.veloz.wal.archive.internal.ship.TestShip.append;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsLog;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsPrefix;
import static io.veloz.wal.archive.internal.ship.TestShip.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ShippingFaultsTest {
    private static final int ROUNDS = Integer.getInteger("wal.rounds", 60);

    @TempDir
    Path dir;

    /** Ships tails, a segment that was shipped as tails, a segment of a backlog, and a checkpoint, and deletes tails. */
    private static void workload(Wal wal, Stepper shipper) {
        append(wal, 15);
        shipper.ship();
        append(wal, 15);
        wal.roll();
        shipper.ship();
        wal.writeCheckpoint(20, out -> out.write(1));
        append(wal, 60);
        wal.roll();
        append(wal, 5);
        shipper.ship();
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"STALE"},
            mode = EnumSource.Mode.EXCLUDE)
    void faultInAnyRequestLosesNothing(Fault fault) throws IOException {
        boolean deadly = fault == Fault.DIE_BEFORE || fault == Fault.DIE_AFTER;
        long requests = requestsOfTheWorkload();
        for (long at = 1; at <= requests; at++) {
            HeapStore store = new HeapStore(at);
            FaultyStorage disk = new FaultyStorage(at, DiskRules.WORST);
            try (Wal wal = open(disk)) {
                HeapStore client = store.client(Plan.at(at, fault));
                try (Stepper shipper = new Stepper(LocalLog.of(wal), client)) {
                    workload(wal, shipper);
                    assertThat(shipper.archived).isLessThanOrEqualTo(wal.durableSequence());
                    requests = Math.max(requests, client.requests());
                    if (!deadly) {
                        assertThat(shipper.archived).isEqualTo(wal.durableSequence());
                    }
                }
                store.deliverLate();
                if (deadly && !TestShip.slots(store).isEmpty()) {
                    assertArchiveIsPrefix(store, wal);
                }
                try (Stepper successor = new Stepper(LocalLog.of(wal), store.client(Plan.NONE))) {
                    successor.ship();
                    append(wal, 5);
                    successor.ship();
                }
                assertArchiveIsLog(store, wal);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(fault + " in request " + at, e);
            }
        }
        assertThat(requests).isGreaterThan(15);
    }

    private static long requestsOfTheWorkload() {
        HeapStore store = new HeapStore();
        try (Wal wal = open(new FaultyStorage(1, DiskRules.WORST));
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            workload(wal, shipper);
        }
        return store.requests();
    }

    @Test
    void randomFaultsAndRestartsLoseNothing() throws IOException {
        for (long seed = 1; seed <= ROUNDS; seed++) {
            try {
                randomHistory(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static void randomHistory(long seed) throws IOException {
        Random random = new Random(seed);
        HeapStore store = new HeapStore(seed);
        FaultyStorage disk = new FaultyStorage(seed, DiskRules.WORST);
        try (Wal wal = open(disk)) {
            for (int life = 0; life < 3; life++) {
                HeapStore client = store.client(Plan.randomly(seed * 10 + life, 25));
                long before;
                try (Stepper shipper = new Stepper(LocalLog.of(wal), client)) {
                    for (int i = 0; i < 4; i++) {
                        append(wal, random.nextInt(40));
                        if (random.nextInt(3) == 0) {
                            wal.roll();
                        }
                        shipper.ship();
                        assertThat(shipper.archived).isEqualTo(wal.durableSequence());
                    }
                    before = shipper.archived;
                } catch (WalFencedException e) {
                    // By a claim of an earlier life that arrived late.
                    before = 0;
                }
                assertArchiveIsPrefix(store, wal);
                assertThat(TestShip.prove(store).archived().sequence()).isGreaterThanOrEqualTo(before);
            }
            store.deliverLate();
            try (Stepper last = new Stepper(LocalLog.of(wal), store.client(Plan.NONE))) {
                last.ship();
            }
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void archiveContainsNoRecordThatTheLogLostInAPowerFailure() throws IOException {
        for (long seed = 1; seed <= ROUNDS; seed++) {
            Random random = new Random(seed);
            HeapStore store = new HeapStore(seed);
            FaultyStorage disk = new FaultyStorage(seed, DiskRules.WORST);
            for (int life = 0; life < 3; life++) {
                Wal wal = open(disk);
                try (Stepper shipper = new Stepper(LocalLog.of(wal), store.client(Plan.randomly(seed, 10)))) {
                    for (int i = 0; i < 3; i++) {
                        append(wal, random.nextInt(60));
                        if (random.nextInt(4) == 0) {
                            wal.roll();
                        }
                        shipper.ship();
                    }
                    // Records that are durable but not shipped, and one that is not durable.
                    append(wal, random.nextInt(3));
                    var unused = wal.appendAsync(1, java.nio.ByteBuffer.allocate(50));
                } catch (WalException e) {
                    assertThat(e).as("seed %d", seed).isInstanceOf(WalFencedException.class);
                }
                disk = disk.cutPower(seed * 100 + life);
                closeDead(wal);
            }
            try (Wal wal = open(disk);
                    Stepper shipper = new Stepper(LocalLog.of(wal), store.client(Plan.NONE))) {
                assertArchiveIsPrefix(store, wal);
                shipper.ship();
                assertArchiveIsLog(store, wal);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static void closeDead(Wal wal) {
        try {
            wal.close();
        } catch (WalException e) {
            // The storage has failed.
        }
    }

    @Test
    void resumedShipperAddsNothingAfterItWasFenced() throws IOException {
        try (Wal wal = open(DiskStorage.createOrOpen(dir.resolve("a")))) {
            HeapStore store = new HeapStore();
            // The first shipper is paused before and after its next slot was drafted.
            for (int at = 1; at <= 8; at++) {
                Stepper paused = new Stepper(LocalLog.of(wal), store.client(Plan.NONE));
                append(wal, 3);
                paused.ship();
                append(wal, 3);
                try (Stepper other = new Stepper(LocalLog.of(wal), store.client(Plan.NONE))) {
                    paused.shipping.flush();
                    if (at % 2 == 0) {
                        // Its slot is drafted, but not sent.
                        paused.shipping.advance();
                    }
                    other.ship();
                    assertThat(paused.end()).isInstanceOf(WalFencedException.class);
                    append(wal, 2);
                    other.ship();
                }
                paused.close();
                assertArchiveIsLog(store, wal);
            }
        }
    }
}
