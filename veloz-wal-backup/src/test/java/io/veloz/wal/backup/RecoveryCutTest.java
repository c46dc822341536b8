package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.internal.place.StagingRecord;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A recovery of files and log that is cut anywhere in its switch ends wholly new by resume, and wholly old by rollback. */
@Timeout(300)
class RecoveryCutTest {
    private static final Set<Kind> FILES = Set.of(Kind.CONFIGURATION, Kind.SECRETS);

    private static final RecoveryOptions NO_OPTIONS = RecoveryOptions.of(Set.of());

    /** The death of the process. */
    private static final class Died extends Error {
        private static final long serialVersionUID = 1;
    }

    /** Dies at one of its calls. */
    private static final class DiesAt implements Runnable {
        private int left;

        DiesAt(int call) {
            left = call;
        }

        @Override
        public void run() {
            if (--left == 0) {
                throw new Died();
            }
        }
    }

    @TempDir
    Path dir;

    private TestKeys keys;
    private ObjectStore store;
    private BackupProfile profile;

    @BeforeEach
    void makePoint() throws Exception {
        keys = new TestKeys(dir.resolve("keys"));
        Files.createDirectories(dir.resolve("etc/secrets"));
        Files.writeString(dir.resolve("etc/config.yaml"), "of the point");
        secret("etc/secrets/key", "of the point");
        secret("env", "of the point");
        Path file = dir.resolve("backup.properties");
        Files.writeString(
                file,
                "state.directory = state\nconfiguration.roots = etc\nconfiguration.exclude = secrets/**\n"
                        + "secrets.roots = etc/secrets, env\nlog.directory = wal\n" + keys.profileLines());
        profile = BackupProfile.read(file);
        store = new DirectoryStore(dir.resolve("archive"));
        try (OrderLog orders =
                        OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build());
                WalShipper shipper = WalShipper.start(
                        orders.wal(), ShipperConfig.builder(uri()).build())) {
            order(orders, 1);
            order(orders, 2);
            assertThat(shipper.awaitArchived(2, Duration.ofSeconds(30))).isTrue();
            new Backup(store, profile, LogPosition.of(orders.wal())).run(FILES);
        }
        Files.writeString(dir.resolve("etc/config.yaml"), "newer");
        Files.writeString(dir.resolve("etc/stale.yaml"), "newer");
        secret("etc/secrets/key", "newer");
        secret("env", "newer");
        try (OrderLog orders =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            order(orders, 3);
        }
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
    }

    private String uri() {
        return dir.resolve("archive").toUri().toString();
    }

    private void secret(String name, String text) throws IOException {
        Path file = Files.writeString(dir.resolve(name), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private static void order(OrderLog orders, int i) {
        orders.appendDurable(OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 1, 100));
    }

    private Recovery recovery(int diesAt) {
        return new Recovery(profile, Clock.systemUTC(), new DiesAt(diesAt));
    }

    private RecoveryOptions options() {
        return RecoveryOptions.of(FILES).log(uri(), Map.of()).discardLocalLog();
    }

    /** Starts a recovery that dies at a cut of its switch. Returns false if it has fewer cuts, and was completed. */
    private boolean dies(int at) throws IOException {
        Recovery recovery = recovery(at);
        RecoveryPlan plan = recovery.plan(store, options());
        try {
            recovery.run(store, plan, keys.recovery(), RecoveryProgress.NONE);
            return false;
        } catch (Died e) {
            return true;
        }
    }

    private Map<String, String> inPlace() throws IOException {
        Map<String, String> state = new TreeMap<>();
        for (String root : new String[] {"etc", "env"}) {
            try (Stream<Path> walk = Files.walk(dir.resolve(root))) {
                for (Path file : walk.filter(Files::isRegularFile).toList()) {
                    state.put(dir.relativize(file).toString(), Files.readString(file));
                }
            }
        }
        state.put(
                "orders",
                String.valueOf(OrderReplay.read(ReadOptions.of(dir.resolve("wal")))
                        .store()
                        .count()));
        return state;
    }

    private static final Map<String, String> NEW = Map.of(
            "etc/config.yaml", "of the point",
            "etc/secrets/key", "of the point",
            "env", "of the point",
            "orders", "2");

    private void cleanUp() throws IOException {
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertNothingIsLeftOver();
    }

    private void assertNothingIsLeftOver() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("archive", "backup.properties", "env", "etc", "keys", "state", "wal");
        }
    }

    @Test
    void switchThatIsCutAnywhereIsResumedOrRolledBack() throws IOException {
        Map<String, String> old = inPlace();
        int cuts = 0;
        while (dies(cuts + 1)) {
            cuts++;
            if (cuts % 2 == 0) {
                new Recovery(profile).resume(options(), RecoveryProgress.NONE);
                assertThat(inPlace()).as("resumed after cut %d", cuts).isEqualTo(NEW);
            }
            new Recovery(profile).rollBack(NO_OPTIONS);
            assertThat(inPlace()).as("rolled back after cut %d", cuts).isEqualTo(old);
            cleanUp();
        }
        // Three places, each with something in it: two renames and two lines a place. Last, the journal gets its other
        // name.
        assertThat(cuts).isEqualTo(13);
        assertThat(inPlace()).isEqualTo(NEW);
    }

    @Test
    void rollbackThatIsCutAnywhereIsCompleted() throws IOException {
        Map<String, String> old = inPlace();
        for (int at = 1; at <= 13; at++) {
            assertThat(dies(9)).isTrue();
            int cut = at;
            boolean completed = false;
            try {
                recovery(cut).rollBack(NO_OPTIONS);
                completed = true;
            } catch (Died e) {
                if (cut > 1) {
                    assertThatThrownBy(() -> new Recovery(profile).resume(options(), RecoveryProgress.NONE))
                            .hasMessageMatching("a rollback began .*|the recovery was rolled back.*");
                }
                new Recovery(profile).rollBack(NO_OPTIONS);
            }
            assertThat(inPlace()).as("rollback cut at %d", at).isEqualTo(old);
            cleanUp();
            if (completed) {
                assertThat(at).isGreaterThan(5);
                return;
            }
        }
        throw new AssertionError("the rollback was never completed");
    }

    @Test
    void newRecoveryIsRefusedWhileOneIsHalfDone() throws IOException {
        assertThat(dies(3)).isTrue();
        assertThatThrownBy(() -> dies(100))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.HALF_DONE));
        new Recovery(profile).rollBack(NO_OPTIONS);
        cleanUp();
        Trees.delete(dir.resolve("wal"));
        dies(100);
        assertThat(inPlace()).isEqualTo(NEW);
    }

    private RecoveryException refused(ThrowingCallable call, RecoveryException.Reason reason) {
        Throwable thrown = catchThrowable(call);
        assertThat(thrown)
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(reason));
        return (RecoveryException) thrown;
    }

    @Test
    void rollbackAfterTheEngineWroteIsRefusedAndOnRequestSetsItsRecordsAside() throws IOException {
        Map<String, String> old = inPlace();
        assertThat(dies(100)).isFalse();
        try (OrderLog orders =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            order(orders, 4);
        }
        RecoveryException refused =
                refused(() -> new Recovery(profile).rollBack(NO_OPTIONS), RecoveryException.Reason.LOG_DIVERGED);
        assertThat(refused).hasMessageContaining("the engine has written since");
        assertThat(inPlace()).containsEntry("orders", "3");
        assertThat(new Recovery(profile).rollBack(NO_OPTIONS.setAsideChanges()))
                .contains(dir.resolve(".wal.recovery-1").toString());
        assertThat(inPlace()).isEqualTo(old);
        assertThat(OrderReplay.read(ReadOptions.of(dir.resolve(".wal.recovery-1")))
                        .store()
                        .get("order-4"))
                .isPresent();
        refused(() -> new Recovery(profile).cleanUp(NO_OPTIONS), RecoveryException.Reason.LOG_DIVERGED);
        Files.move(dir.resolve(".wal.recovery-1"), dir.resolve("keys/moved-away"));
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS))
                .containsExactlyInAnyOrder(
                        dir.resolve(".etc.recovery-1").toString(),
                        dir.resolve(".env.recovery-1").toString());
        assertNothingIsLeftOver();
    }

    @Test
    void cleanUpThatIsCutAnywhereIsCompletedAndCannotBeRolledBack() throws IOException {
        for (int at = 1; at <= 20; at++) {
            assertThat(dies(100)).isFalse();
            boolean completed = false;
            try {
                recovery(at).cleanUp(NO_OPTIONS);
                completed = true;
            } catch (Died e) {
                if (at > 1) {
                    refused(() -> new Recovery(profile).rollBack(NO_OPTIONS), RecoveryException.Reason.HALF_DONE);
                    refused(
                            () -> new Recovery(profile).resume(NO_OPTIONS, RecoveryProgress.NONE),
                            RecoveryException.Reason.HALF_DONE);
                }
                new Recovery(profile).cleanUp(NO_OPTIONS);
            }
            assertThat(inPlace()).as("clean-up cut at %d", at).isEqualTo(NEW);
            assertNothingIsLeftOver();
            if (completed) {
                assertThat(at).isGreaterThan(6);
                return;
            }
        }
        throw new AssertionError("the clean-up was never completed");
    }

    /** Runs an action at each cut of a recovery, as another process or thread could. */
    private void meanwhile(Runnable action) throws IOException {
        Recovery recovery = new Recovery(profile, Clock.systemUTC(), action);
        recovery.run(store, recovery.plan(store, options()), keys.recovery(), RecoveryProgress.NONE);
    }

    @Test
    void secondRecoveryIsRefusedWhileOneRuns() throws IOException {
        int[] refusals = {0};
        meanwhile(() -> {
            refused(() -> new Recovery(profile).cleanUp(NO_OPTIONS), RecoveryException.Reason.RECOVERY_RUNS);
            refused(() -> new Recovery(profile).rollBack(NO_OPTIONS), RecoveryException.Reason.RECOVERY_RUNS);
            refused(
                    () -> new Recovery(profile).resume(NO_OPTIONS, RecoveryProgress.NONE),
                    RecoveryException.Reason.RECOVERY_RUNS);
            refused(() -> dies(100), RecoveryException.Reason.RECOVERY_RUNS);
            refusals[0]++;
        });
        assertThat(refusals[0]).isEqualTo(13);
        assertThat(inPlace()).isEqualTo(NEW);
    }

    @Test
    void engineCannotOpenItsLogWhileItIsReplaced() throws IOException {
        int[] refusals = {0};
        meanwhile(() -> {
            if (refusals[0] == 0) {
                assertThatThrownBy(() -> OrderLog.open(
                                OrderLogConfig.builder(dir.resolve("wal")).build()))
                        .isInstanceOf(WalLockedException.class);
            }
            refusals[0]++;
        });
        assertThat(inPlace()).isEqualTo(NEW);
        try (OrderLog orders =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            order(orders, 4);
        }
    }

    @Test
    void stagingOfARunThatWasCutIsRemovedByTheCleanUp() throws IOException {
        Files.createDirectories(dir.resolve(".etc.recovery-7/secrets"));
        Files.writeString(dir.resolve(".etc.recovery-7/secrets/key"), "staged");
        Files.writeString(dir.resolve(".env.recovery-8"), "staged");
        Files.createDirectories(dir.resolve(".wal.recovery-9"));
        record(".etc.recovery-7", ".env.recovery-8", ".wal.recovery-9", ".never-made.recovery-9");
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS))
                .containsExactlyInAnyOrder(
                        dir.resolve(".etc.recovery-7").toString(),
                        dir.resolve(".env.recovery-8").toString(),
                        dir.resolve(".wal.recovery-9").toString());
        assertNothingIsLeftOver();
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS)).isEmpty();
    }

    private void record(String... names) throws IOException {
        new StagingRecord(StateDirectory.open(dir.resolve("state")))
                .write(Stream.of(names)
                        .map(name -> dir.resolve(name).toString())
                        .toList());
    }

    @Test
    void stagingThatIsNotRecordedIsNeitherDeletedNorUsed() throws IOException {
        Files.createDirectories(dir.resolve(".wal.recovery-1"));
        assertThat(refused(() -> dies(100), RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining("is not recorded as staging of this profile");
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS)).isEmpty();
        assertThat(dir.resolve(".wal.recovery-1")).exists();
    }

    @Test
    void whatARollbackHasSetAsideIsNotDeletedByAnotherProfile() throws IOException {
        assertThat(dies(100)).isFalse();
        new Recovery(profile).rollBack(NO_OPTIONS);
        Path file = dir.resolve("other.properties");
        Files.writeString(
                file,
                Files.readString(dir.resolve("backup.properties"))
                        .replace("state.directory = state", "state.directory = other"));
        BackupProfile mine = profile;
        profile = BackupProfile.read(file);
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS)).isEmpty();
        refused(() -> dies(100), RecoveryException.Reason.PLACE_UNUSABLE);
        assertThat(dir.resolve(".wal.recovery-1")).exists();
        assertThat(new Recovery(mine).cleanUp(NO_OPTIONS)).hasSize(3);
    }

    @Test
    void keyInsideOfWhatIsReplacedIsRefused() throws IOException {
        Path key = dir.resolve("etc/offline.key");
        Files.copy(keys.recovery().privateKey(), key);
        Recovery recovery = new Recovery(profile);
        RecoveryPlan plan = recovery.plan(store, options());
        RecoveryKeys inside =
                new RecoveryKeys(key, Optional.empty(), keys.recovery().signerCertificate());
        assertThat(refused(
                        () -> recovery.run(store, plan, inside, RecoveryProgress.NONE),
                        RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining("move it away first");
    }

    @Test
    void rollbackIsRefusedBeforeItBeginsIfWhatWasInPlaceBeforeIsLost() throws IOException {
        assertThat(dies(100)).isFalse();
        Trees.delete(dir.resolve("etc.before-recovery-1"));
        assertThat(refused(() -> new Recovery(profile).rollBack(NO_OPTIONS), RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining("etc.before-recovery-1 does not exist");
        new Recovery(profile).resume(NO_OPTIONS, RecoveryProgress.NONE);
        assertThat(inPlace()).isEqualTo(NEW);
        cleanUp();
    }

    @Test
    void cleanUpIsRefusedWhileWhatWasPutInPlaceIsMissing() throws IOException {
        assertThat(dies(100)).isFalse();
        Trees.delete(dir.resolve("etc"));
        assertThat(refused(() -> new Recovery(profile).cleanUp(NO_OPTIONS), RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining("may be its last copy");
        assertThat(dir.resolve("etc.before-recovery-1")).exists();
    }

    @Test
    void cleanUpIsRefusedWhileARootInsideOfWhatWasPutInPlaceIsMissing() throws IOException {
        assertThat(dies(100)).isFalse();
        Trees.delete(dir.resolve("etc/secrets"));
        assertThat(refused(() -> new Recovery(profile).cleanUp(NO_OPTIONS), RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining(dir.resolve("etc.before-recovery-1/secrets") + " may be its last copy");
        assertThat(dir.resolve("etc.before-recovery-1/secrets/key")).hasContent("newer");
    }

    @Test
    void cleanUpAfterARollbackIsRefusedWhileWhatWasInPlaceBeforeIsMissing() throws IOException {
        assertThat(dies(100)).isFalse();
        new Recovery(profile).rollBack(NO_OPTIONS);
        Trees.delete(dir.resolve("etc/secrets"));
        assertThat(refused(() -> new Recovery(profile).cleanUp(NO_OPTIONS), RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining(dir.resolve(".etc.recovery-1/secrets") + " may be its last copy");
        Trees.delete(dir.resolve("etc"));
        assertThat(refused(() -> new Recovery(profile).cleanUp(NO_OPTIONS), RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining(dir.resolve(".etc.recovery-1") + " may be its last copy");
        assertThat(dir.resolve(".etc.recovery-1/secrets/key")).hasContent("of the point");
    }

    @Test
    void recordOfTheStagingEndsWithTheFirstRunThatFindsTheJournal() throws IOException {
        // As if it was cut after its journal was made, and before the record was deleted.
        assertThat(dies(3)).isTrue();
        record(".etc.recovery-1", ".env.recovery-1", ".wal.recovery-1");
        new Recovery(profile).resume(options(), RecoveryProgress.NONE);
        assertThat(dir.resolve("state/recovery.staging")).doesNotExist();
        record(".etc.recovery-1", ".env.recovery-1", ".wal.recovery-1");
        new Recovery(profile).rollBack(NO_OPTIONS);
        assertThat(dir.resolve("state/recovery.staging")).doesNotExist();
        record(".etc.recovery-1", ".env.recovery-1", ".wal.recovery-1");
        Trees.delete(dir.resolve("etc"));
        refused(() -> new Recovery(profile).cleanUp(NO_OPTIONS), RecoveryException.Reason.PLACE_UNUSABLE);
        assertThat(dir.resolve("state/recovery.staging")).doesNotExist();
    }

    private void filesAreRecoveredAndTheEngineWrites() throws IOException {
        Recovery recovery = new Recovery(profile);
        recovery.run(store, recovery.plan(store, RecoveryOptions.of(FILES)), keys.recovery(), RecoveryProgress.NONE);
        try (OrderLog orders =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            order(orders, 4);
        }
    }

    @Test
    void rollbackOfFilesAloneTakesNoRecordBackAndIsNotRefused() throws IOException {
        Map<String, String> old = new TreeMap<>(inPlace());
        old.put("orders", "4");
        filesAreRecoveredAndTheEngineWrites();
        new Recovery(profile).rollBack(NO_OPTIONS);
        assertThat(inPlace()).isEqualTo(old);
    }

    @Test
    void cleanUpAfterARollbackOfFilesAloneReadsNoLogThatItDoesNotDelete() throws IOException {
        filesAreRecoveredAndTheEngineWrites();
        new Recovery(profile).rollBack(NO_OPTIONS.setAsideChanges());
        Path foreign = dir.resolve(".wal.recovery-1");
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(foreign).build())) {
            for (int i = 1; i <= 9; i++) {
                order(orders, i);
            }
        }
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS))
                .containsExactlyInAnyOrder(
                        dir.resolve(".etc.recovery-1").toString(),
                        dir.resolve(".env.recovery-1").toString());
        assertThat(foreign).exists();
    }

    @Test
    void stagingOfARunThatWasCutIsRemovedByTheNextRun() throws IOException {
        Files.createDirectories(dir.resolve(".etc.recovery-7/secrets"));
        Files.createDirectories(dir.resolve(".wal.recovery-9"));
        record(".etc.recovery-7", ".wal.recovery-9");
        assertThat(dies(100)).isFalse();
        assertThat(dir.resolve(".etc.recovery-7")).doesNotExist();
        assertThat(dir.resolve(".wal.recovery-9")).doesNotExist();
    }

    @Test
    void rootsThatTheProfileDoesNotHaveAreRefused() throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.writeString(
                file,
                Files.readString(file).replace("secrets.roots = etc/secrets, env", "secrets.roots = etc/secrets"));
        profile = BackupProfile.read(file);
        Map<String, String> old = inPlace();
        assertThat(refused(() -> dies(100), RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining("which is not a root in the profile");
        assertThat(inPlace()).isEqualTo(old);
        assertNothingIsLeftOver();
    }
}
