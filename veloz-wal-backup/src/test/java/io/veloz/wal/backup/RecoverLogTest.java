package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The log is recovered together with the files of a recovery point. */
@Timeout(120)
class RecoverLogTest extends RecoveredLog {
    @Test
    void lostLogIsRestoredWithTheFiles() throws Exception {
        Trees.delete(log());
        Trees.delete(dir.resolve("etc/veloz"));
        RecoveryReport report = recover(whole());
        assertThat(orders()).isEqualTo(3);
        assertThat(dir.resolve("etc/veloz/config.yaml")).hasContent("depth: 5\n");
        assertThat(report.lastSequence()).isEqualTo(3);
        assertThat(report.lastRecord()).get().satisfies(time -> assertThat(time).isBefore(Instant.now()));
        assertThat(report.gates()).allMatch(gate -> gate.startsWith("passed")).hasSize(3);
        assertThat(report.took()).containsKeys("stage configuration", "stage log", "gates", "switch");
    }

    @Test
    void recoveredLogIsOpenedAndShippedAgain() throws Exception {
        Trees.delete(log());
        recover(whole());
        run(4, 5, false);
        assertThat(orders()).isEqualTo(5);
    }

    @Test
    void recordsThatAreNotArchivedAreKept() throws Exception {
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log()).build())) {
            append(orders, 4, 6);
        }
        Recovery recovery = new Recovery(profile);
        assertThat(recovery.plan(store, whole()).steps()).anyMatch(step -> step.contains("that are not archived"));
        recover(whole());
        assertThat(orders()).isEqualTo(6);
    }

    @Test
    void recordsThatAreNotArchivedAreSetAsideOnRequest() throws Exception {
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log()).build())) {
            append(orders, 4, 6);
        }
        recover(whole().discardLocalLog());
        assertThat(orders()).isEqualTo(3);
        new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()));
        assertThat(orders()).isEqualTo(6);
    }

    @Test
    void damagedLogIsRepairedFromTheArchive() throws Exception {
        damage();
        recover(whole());
        assertThat(orders()).isEqualTo(3);
    }

    @Test
    void anotherLogInTheDirectoryIsRefusedAndNotTouched() throws Exception {
        Trees.delete(log());
        Files.createDirectories(log());
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log()).build())) {
            append(orders, 1, 9);
        }
        assertThatThrownBy(() -> recover(whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LOG_DIVERGED))
                .hasMessageContaining("another log");
        assertThat(orders()).isEqualTo(9);
    }

    @Test
    void pointInThePastEndsTheLogThere() throws Exception {
        run(4, 9, false);
        RecoveryReport report = recover(whole().point(1).logToThePoint());
        assertThat(report.lastSequence()).isEqualTo(3);
        assertThat(orders()).isEqualTo(3);
        new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()));
        assertThat(orders()).isEqualTo(9);
    }

    @Test
    void newestPointUntilATimeIsChosen() throws Exception {
        Instant between = Instant.now();
        Files.writeString(dir.resolve("etc/veloz/config.yaml"), "depth: 6\n");
        run(4, 4, true);
        Recovery recovery = new Recovery(profile);
        assertThat(recovery.plan(store, whole()).point().number()).isEqualTo(2);
        assertThat(recovery.plan(store, whole().untilTime(between)).point().number())
                .isEqualTo(1);
        assertThatThrownBy(() -> recovery.plan(store, whole().untilTime(Instant.EPOCH)))
                .hasMessageContaining("no recovery point that was made until");
    }

    @Test
    void openLogIsRefused() throws Exception {
        try (Wal open = Wal.open(log())) {
            assertThatThrownBy(() -> recover(whole()))
                    .isInstanceOfSatisfying(
                            RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ENGINE_RUNS));
            assertThat(open.lastSequence()).isEqualTo(3);
        }
        assertThat(orders()).isEqualTo(3);
    }

    /** Acts when a step begins. */
    private RecoveryReport recoverWhile(String step, Runnable action) throws IOException {
        Recovery recovery = new Recovery(profile);
        RecoveryProgress progress = new RecoveryProgress() {
            @Override
            public void onStep(String name) {
                if (name.equals(step)) {
                    action.run();
                }
            }

            @Override
            public void onBytes(String what, long done, long total) {}
        };
        return recovery.run(store, recovery.plan(store, whole()), keys.recovery(), progress);
    }

    @Test
    void engineThatStartsAndStopsWhileTheLogIsStagedLosesNothing() throws Exception {
        Trees.delete(log());
        assertThatThrownBy(() -> recoverWhile("gates", () -> {
                    try (OrderLog orders =
                            OrderLog.open(OrderLogConfig.builder(log()).build())) {
                        append(orders, 8, 9);
                    }
                }))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ENGINE_RUNS));
        assertThat(orders()).isEqualTo(2);
    }

    @Test
    void engineThatStartsWhileTheLogIsStagedIsFound() throws Exception {
        Trees.delete(log());
        List<OrderLog> started = new ArrayList<>();
        try {
            assertThatThrownBy(() -> recoverWhile(
                            "gates",
                            () -> started.add(
                                    OrderLog.open(OrderLogConfig.builder(log()).build()))))
                    .isInstanceOfSatisfying(
                            RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ENGINE_RUNS));
            append(started.get(0), 8, 8);
        } finally {
            started.forEach(OrderLog::close);
        }
        assertThat(orders()).isEqualTo(1);
        assertThat(dir.resolve("state/recovery.journal")).doesNotExist();
    }

    @Test
    void engineThatHangsIsNotTakenForOneThatIsDown() throws Exception {
        // The kernel accepts the connection, and no answer comes.
        try (ServerSocket hangs = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path file = dir.resolve("backup.properties");
            Files.writeString(
                    file, Files.readString(file) + "engine.url = http://127.0.0.1:" + hangs.getLocalPort() + "\n");
            profile = BackupProfile.read(file);
            assertThatThrownBy(() -> recover(whole()))
                    .isInstanceOfSatisfying(
                            RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ENGINE_RUNS))
                    .hasMessageContaining("a process accepts connections at http://127.0.0.1:" + hangs.getLocalPort());
        }
        recover(whole());
        assertThat(orders()).isEqualTo(3);
    }

    private static final String NOT_KNOWN =
            "whether a process accepts connections at https://engine.invalid:8443 is not known (UnknownHostException";

    @Test
    void engineThatCannotBeExaminedRefusesUnlessTheCallerKnowsThatItIsDown() throws Exception {
        Path file = dir.resolve("backup.properties");
        Files.writeString(file, Files.readString(file) + "engine.url = https://engine.invalid:8443\n");
        profile = BackupProfile.read(file);
        assertThatThrownBy(() -> recover(whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ENGINE_RUNS))
                .hasMessageContaining(NOT_KNOWN)
                .hasMessageContaining("--engine-is-down");
        assertThatThrownBy(() -> new Recovery(profile).rollBack(RecoveryOptions.of(Set.of())))
                .hasMessageContaining("no recovery is recorded");
        recover(whole().engineIsDown());
        assertThat(orders()).isEqualTo(3);
        assertThatThrownBy(() -> new Recovery(profile).rollBack(RecoveryOptions.of(Set.of())))
                .hasMessageContaining(NOT_KNOWN);
        new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()).engineIsDown());
    }

    @Test
    void engineThatIsKnownToBeDownAndAnswersIsRefused() throws Exception {
        try (ServerSocket answers = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path file = dir.resolve("backup.properties");
            Files.writeString(
                    file, Files.readString(file) + "engine.url = http://127.0.0.1:" + answers.getLocalPort() + "\n");
            profile = BackupProfile.read(file);
            assertThatThrownBy(() -> recover(whole().engineIsDown()))
                    .isInstanceOfSatisfying(
                            RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ENGINE_RUNS));
        }
    }

    @Test
    void cleanUpRemovesWhatWasKept() throws Exception {
        recover(whole());
        assertThat(dir.resolve("data/wal.before-recovery-1")).isDirectory();
        new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()));
        assertThat(dir.resolve("data/wal.before-recovery-1")).doesNotExist();
        assertThat(WalRecovery.lastSequence(ReadOptions.of(log()))).isEqualTo(3);
    }
}
