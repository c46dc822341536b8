package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Durability;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ShipperStatus.State;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The store is away for a day, with a simulated clock: from the first to the 25th hour. The log is written all the time. */
@Timeout(300)
class OutageTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration BEGIN = HOUR;
    private static final Duration END = HOUR.multipliedBy(25);
    private static final Duration BETWEEN = MINUTE.multipliedBy(5);
    private static final int SEGMENT_BYTES = 64 * 1024;
    private static final long BUDGET = 8L * SEGMENT_BYTES;

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();
    private final Random random = new Random(1);
    private Wal wal;

    @BeforeEach
    void open() {
        wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(SEGMENT_BYTES)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .durability(Durability.LOSE_UNFORCED)
                .build());
    }

    @AfterEach
    void close() {
        wal.close();
    }

    /** A shipper whose store is away from the first to the 25th hour, while 100 records are appended every five minutes. */
    private ShipRig outage(SpoolPolicy policy) {
        ShipperConfig.Builder config = ShipperConfig.builder(heap)
                .maxTailBytes(8 * 1024)
                .spoolPolicy(policy)
                .closeTimeout(SECOND);
        ShipRig rig = new ShipRig(config, LocalLog.of(wal), heap);
        wal.addTrimGuard(rig.state.guard());
        rig.at(BEGIN, () -> heap.plan(request -> Fault.FAIL));
        rig.at(END, () -> heap.plan(Plan.NONE));
        for (Duration at = Duration.ZERO; at.compareTo(END) < 0; at = at.plus(BETWEEN)) {
            rig.at(at, () -> append(100));
        }
        return rig;
    }

    private void append(int count) {
        byte[] payload = new byte[100];
        for (int i = 0; i < count; i++) {
            random.nextBytes(payload);
            wal.append(1, ByteBuffer.wrap(payload));
        }
        wal.sync();
    }

    /** What an engine does every hour. */
    private void checkpointAndTrim() {
        wal.writeCheckpoint(wal.durableSequence() - 1, out -> out.write(1));
        wal.writeCheckpoint(wal.durableSequence(), out -> out.write(2));
        wal.trim(0);
    }

    private void trimEveryHour(ShipRig rig) {
        for (Duration at = HOUR; at.compareTo(END) < 0; at = at.plus(HOUR)) {
            rig.at(at.plusSeconds(1), this::checkpointAndTrim);
        }
    }

    private long sealedBytes() {
        try {
            long bytes = 0;
            for (long number : wal.files().sealed()) {
                bytes += wal.files().sealed(number).orElseThrow().fileBytes();
            }
            return bytes;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void requestsAreFewHoweverOftenCallersWait() {
        ShipRig rig = outage(SpoolPolicy.KEEP);
        for (Duration at = BEGIN; at.compareTo(END) < 0; at = at.plusSeconds(20)) {
            rig.at(at.plusMillis(1), () -> {
                rig.state.requestFlush();
                rig.state.requestFenceCheck();
            });
        }
        long[] before = {0};
        rig.at(BEGIN, () -> before[0] = rig.requests());
        rig.at(END, () -> {
            // Full jitter with a maximum of 20 s: one in 10 s on average.
            assertThat(rig.requests() - before[0]).isBetween(6_000L, 11_000L);
            assertThat(rig.state.status().state()).isEqualTo(State.TROUBLE);
            assertThat(rig.state.status().lag()).isGreaterThan(HOUR.multipliedBy(23));
        });
        rig.at(
                END.plus(MINUTE),
                () -> assertThat(rig.state.status().lagRecords()).isZero());
        rig.run(END.plus(MINUTE.multipliedBy(2)));
        assertThat(rig.events)
                .filteredOn(event -> event.startsWith("trouble"))
                .containsExactly("trouble", "trouble ended");
    }

    @Test
    void logWithoutABudgetIsKeptAndArchivedAfterwards() {
        ShipRig rig = outage(SpoolPolicy.keep(BUDGET));
        trimEveryHour(rig);
        rig.at(END.minusSeconds(1), () -> assertThat(sealedBytes()).isGreaterThan(4 * BUDGET));
        rig.at(
                END.plus(MINUTE),
                () -> assertThat(rig.state.status().lagRecords()).isZero());
        rig.run(END.plus(MINUTE.multipliedBy(2)));
        assertThat(rig.events).containsOnlyOnce("over budget");
        ArchiveReport report = new ArchiveVerifier(heap).full((done, total) -> {});
        assertThat(report.isSound()).isTrue();
        assertThat(report.status().gaps()).isEmpty();
        assertThat(report.status().archivedSequence()).isEqualTo(wal.durableSequence());
    }

    @Test
    void oldestRecordsAreGivenUpAboveTheBudgetAndDeclaredMissing() {
        ShipRig rig = outage(SpoolPolicy.giveUpOldest(BUDGET));
        trimEveryHour(rig);
        for (Duration at = HOUR.multipliedBy(2); at.compareTo(END) < 0; at = at.plus(HOUR)) {
            // The trim of this hour, and what was appended since.
            rig.at(at.plusSeconds(2), () -> assertThat(sealedBytes()).isLessThanOrEqualTo(BUDGET + 2 * SEGMENT_BYTES));
        }
        rig.at(END.plus(MINUTE), () -> {
            assertThat(rig.state.status().lagRecords()).isZero();
            assertThat(rig.state.isInGap(wal.durableSequence())).isFalse();
        });
        rig.run(END.plus(MINUTE.multipliedBy(2)));
        assertThat(rig.events).filteredOn(event -> event.startsWith("gap")).hasSize(1);
        ArchiveReport report = new ArchiveVerifier(heap).full((done, total) -> {});
        assertThat(report.problems()).isEmpty();
        assertThat(report.status().gaps()).hasSize(1);
        assertThat(report.status().archivedSequence()).isEqualTo(wal.durableSequence());
    }

    @Test
    void newRecordsAreArchivedInTimeWhileTheSegmentsOfTheOutageAreUploaded() {
        ShipRig rig = outage(SpoolPolicy.KEEP);
        rig.uploadsTake(SECOND.multipliedBy(20));
        Duration caughtUp = END.plus(MINUTE.multipliedBy(3));
        rig.at(caughtUp, () -> assertThat(rig.state.status().lagRecords()).isZero());
        for (int i = 1; i < 10; i++) {
            Duration at = caughtUp.plus(MINUTE.multipliedBy(i));
            rig.at(at, () -> append(20));
            rig.at(at.plusSeconds(2), () -> {
                assertThat(rig.state.status().lagRecords()).isZero();
                assertThat(rig.state.status().spoolBytes()).isGreaterThan(SEGMENT_BYTES);
            });
        }
        rig.at(
                END.plus(MINUTE.multipliedBy(30)),
                () -> assertThat(rig.state.status().spoolBytes()).isZero());
        rig.run(END.plus(MINUTE.multipliedBy(30)).plus(MINUTE));
        assertThat(new ArchiveVerifier(heap).full((done, total) -> {}).isSound())
                .isTrue();
    }

    @Test
    void memoryDoesNotGrowWithTheLengthOfTheOutage() throws Exception {
        Path out = dir.resolve("child.txt");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx32m",
                        "-XX:MaxDirectMemorySize=8m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        OutageChild.class.getName(),
                        dir.resolve("child").toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(child.waitFor(250, TimeUnit.SECONDS)).isTrue();
            List<String> output = Files.readAllLines(out);
            assertThat(output).last().asString().isEqualTo("archived all of " + OutageChild.RECORDS);
        } finally {
            child.destroyForcibly();
        }
    }
}
