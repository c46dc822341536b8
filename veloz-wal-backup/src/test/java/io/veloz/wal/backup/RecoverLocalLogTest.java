package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.internal.care.CareWriter;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A recovery loses no record of the log that is in place, whatever its state. */
@Timeout(120)
class RecoverLocalLogTest extends RecoveredLog {
    private static final RecoveryOptions NO_OPTIONS = RecoveryOptions.of(Set.of());

    private static void assertRefused(ThrowingCallable call, Reason reason, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message);
    }

    // ---- not closed

    @Test
    void recordsOfALogThatWasNotClosedAreKept() throws Exception {
        // One batch: no later one states that it is durable.
        writeAndDie(4, 4);
        assertThat(new Recovery(profile).plan(store, whole()).steps())
                .anyMatch(step -> step.contains("that are not archived"));
        RecoveryReport report = recover(whole());
        assertThat(report.lastSequence()).isEqualTo(4);
        assertThat(orders()).isEqualTo(4);
    }

    @Test
    void planOfALogThatWasWrittenSinceIsRefused() throws Exception {
        Recovery recovery = new Recovery(profile);
        RecoveryPlan plan = recovery.plan(store, whole());
        write(4, 5);
        assertRefused(
                () -> recovery.run(store, plan, keys.recovery(), RecoveryProgress.NONE),
                Reason.PLAN_OUTDATED,
                "was EQUAL to the archive when the recovery was planned, and is AHEAD now");
        assertThat(orders()).isEqualTo(5);
        assertThat(dir.resolve("state/recovery.journal")).doesNotExist();
    }

    // ---- ends before the archive

    /** Ships records 4 to 9 as one object, and then resets the directory of the log to records 1 to 3. */
    private void resetAfterShipping() throws Exception {
        Path earlier = dir.resolve("earlier");
        copy(log(), earlier);
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log()).build())) {
            append(orders, 4, 9);
            try (WalShipper shipper =
                    WalShipper.start(orders.wal(), ShipperConfig.builder(uri()).build())) {
                assertThat(shipper.awaitArchived(9, Duration.ofSeconds(30))).isTrue();
            }
        }
        Trees.delete(log());
        Files.move(earlier, log());
    }

    @Test
    void logThatLostItsEndGetsItFromTheArchive() throws Exception {
        resetAfterShipping();
        recover(whole());
        assertThat(orders()).isEqualTo(9);
    }

    @Test
    void logThatEndsBeforeTheArchiveWithOtherRecordsIsRefused() throws Exception {
        resetAfterShipping();
        write(104, 106);
        assertRefused(() -> recover(whole()), Reason.LOG_DIVERGED, "different records from 4 on");
        assertThat(orders()).isEqualTo(6);
        assertThat(dir.resolve("state/recovery.journal")).doesNotExist();
        recover(whole().discardLocalLog());
        assertThat(orders()).isEqualTo(9);
    }

    @Test
    void logThatDiffersInRetiredRecordsIsRefusedAndDiscardedOnRequest() throws Exception {
        Path earlier = dir.resolve("earlier");
        copy(log(), earlier);
        run(4, 9, false);
        run(10, 10, false);
        Trees.delete(log());
        Files.move(earlier, log());
        write(104, 109);
        try (ObjectStore retired = retired(new Cut(3, 10))) {
            assertRefused(
                    () -> new Recovery(profile).plan(retired, whole()),
                    Reason.LOG_DIVERGED,
                    "they cannot be compared. If the archive is right, discard the local log explicitly");
            assertThat(new Recovery(profile)
                            .plan(retired, whole().discardLocalLog())
                            .findings())
                    .noneMatch(finding -> finding.contains("damaged"));
        }
    }

    /** Returns a copy of the archive whose records before a cut are retired. */
    private ObjectStore retired(Cut cut) throws Exception {
        Path copied = dir.resolve("retired");
        try (Stream<Path> files = Files.walk(archive())) {
            for (Path file : files.toList()) {
                Files.copy(file, copied.resolve(archive().relativize(file)));
            }
        }
        ObjectStore store = new DirectoryStore(copied);
        LogIdentity identity = new ShipLog(store).identity().orElseThrow();
        CareWriter care = new CareWriter(store, new Retries(attempt -> {}), identity, Clock.systemUTC(), "host");
        care.put(Kind.PLAN, tip -> tip.state().planned(new Plan(1, cut, 1, 1, Digest.NONE, Instant.EPOCH)));
        care.put(Kind.DELETE, tip -> tip.state().deleted(new Floor(2, cut, 2, 1, 1, 1)));
        try (Stream<Path> objects = Files.list(copied.resolve("segments"))) {
            for (Path object : objects.toList()) {
                Files.delete(object);
            }
        }
        return store;
    }

    // ---- damaged

    @Test
    void damageIsAFindingOfPlanAndReportWithTheCommandThatReadsTheRest() throws Exception {
        damage();
        String salvage = "veloz-wal salvage " + log() + ".before-recovery-1 NEW_DIR";
        RecoveryPlan plan = new Recovery(profile).plan(store, whole());
        assertThat(plan.findings()).anyMatch(finding -> finding.contains("is damaged") && finding.contains(salvage));
        RecoveryReport report = recover(whole());
        assertThat(report.findings()).anyMatch(finding -> finding.contains("is damaged") && finding.contains(salvage));
    }

    @Test
    void damagedLogIsNotCleanedUpUntilItIsMovedAway() throws Exception {
        damage();
        recover(whole());
        Path kept = dir.resolve("data/wal.before-recovery-1");
        assertRefused(
                () -> new Recovery(profile).cleanUp(NO_OPTIONS), Reason.LOG_DIVERGED, "veloz-wal salvage " + kept);
        assertThat(kept).isDirectory();
        Files.move(kept, dir.resolve("decided"));
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertThat(dir.resolve("state/recovery.completed")).doesNotExist();
    }

    @Test
    void damagedLogThatWasDiscardedIsCleanedUp() throws Exception {
        damage();
        recover(whole().discardLocalLog());
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertThat(dir.resolve("data/wal.before-recovery-1")).doesNotExist();
    }

    @Test
    void damagedLogIsCleanedUpAfterARollback() throws Exception {
        damage();
        recover(whole());
        new Recovery(profile).rollBack(NO_OPTIONS);
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertThat(dir.resolve("data/.wal.recovery-1")).doesNotExist();
        assertThat(log()).isDirectory();
    }

    @Test
    void logThatCannotBeReadIsRefusedAndDiscardedOnRequest() throws Exception {
        Files.writeString(log().resolve(".orders_restoring"), "a restore into it was interrupted");
        assertRefused(() -> recover(whole()), Reason.LOG_DIVERGED, "a restore into it has not ended");
        assertThat(log().resolve(".orders_restoring")).exists();
        recover(whole().discardLocalLog());
        assertThat(orders()).isEqualTo(3);
    }

    // ---- locks

    @Test
    void openLogThatASymbolicLinkLeadsToIsRefused() throws Exception {
        Path real = dir.resolve("disk2");
        Files.move(log(), real);
        Files.createSymbolicLink(log(), real);
        try (Wal open = Wal.open(log())) {
            assertRefused(() -> recover(RecoveryOptions.of(FILES)), Reason.ENGINE_RUNS, "has the order log in");
            assertThat(open.lastSequence()).isEqualTo(3);
        }
    }

    @Test
    void logThatIsNotRecoveredGetsNoLockFile() throws Exception {
        Path lock = log().resolve("orders.lock");
        Files.delete(lock);
        recover(RecoveryOptions.of(FILES));
        assertThat(lock).doesNotExist();
        new Recovery(profile).rollBack(NO_OPTIONS);
        assertThat(lock).doesNotExist();
    }

    @Test
    void openLogThatIsNotRecoveredRefusesTheRecoveryOfFiles() throws Exception {
        try (Wal open = Wal.open(log())) {
            assertRefused(() -> recover(RecoveryOptions.of(FILES)), Reason.ENGINE_RUNS, "has the order log in");
            assertThat(open.lastSequence()).isEqualTo(3);
        }
    }

    @Test
    void foreignDirectoryWithTheNameOfStagingIsNotTouched() throws Exception {
        Path foreign = Files.createDirectory(dir.resolve("data/.wal.recovery-1"));
        assertRefused(() -> recover(whole()), Reason.PLACE_UNUSABLE, "is not recorded as staging");
        assertThat(foreign).isEmptyDirectory();
    }

    @Test
    void foreignDirectoryWithTheNameOfTheKeptLogIsNotTouched() throws Exception {
        Path foreign = Files.createDirectory(dir.resolve("data/wal.before-recovery-1"));
        assertRefused(() -> recover(whole()), Reason.PLACE_UNUSABLE, "exists: it was kept by an earlier recovery");
        assertThat(foreign).isEmptyDirectory();
    }
}
