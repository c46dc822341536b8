package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.Fault;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After a crash at any change or request of a repair, the log opens with all its records or not at all; the next repair completes. */
@Tag("enumeration")
class LogRepairCrashTest {
    private static final int RECORDS = 400;

    /** Power cuts at each change. Each name that is not forced is lost or kept by itself. */
    private static final int CUTS = 2;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private List<Entry> all;

    private static String name(long segment) {
        return "orders_000000000000000" + segment + ".wal";
    }

    private Path damagedLog() throws IOException {
        Path log = dir.resolve("log");
        SmallLog.idle(log, wal -> SmallLog.append(wal, RECORDS));
        all = SmallLog.read(log);
        new TestArchive(store, log)
                .segments(1, LogFiles.of(log).sealed().size())
                .tails(100, RECORDS - 5);
        byte[] bytes = Files.readAllBytes(log.resolve(name(1)));
        bytes[9000] ^= 1;
        Files.write(log.resolve(name(1)), bytes);
        Files.delete(log.resolve(name(2)));
        byte[] active = Files.readAllBytes(log.resolve("orders_current.wal"));
        active[4096 + 60] ^= 1;
        Files.write(log.resolve("orders_current.wal"), active);
        return log;
    }

    /** Header and records of the active segment are damaged, and the sealed one before is missing. */
    private Path logWithoutHeader() throws IOException {
        Path log = dir.resolve("log");
        SmallLog.idle(log, wal -> SmallLog.append(wal, RECORDS));
        all = SmallLog.read(log);
        int last = LogFiles.of(log).sealed().size();
        new TestArchive(store, log).segments(1, last).tails(100, RECORDS - 5);
        Files.delete(log.resolve(name(last)));
        byte[] active = Files.readAllBytes(log.resolve("orders_current.wal"));
        active[40] ^= 1;
        active[4096 + 60] ^= 1;
        Files.write(log.resolve("orders_current.wal"), active);
        return log;
    }

    /** Of the last sealed segment the archive has tails up to some records before its end. */
    private Path closedLog() throws IOException {
        Path log = dir.resolve("log");
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, RECORDS);
        }
        all = SmallLog.read(log);
        int last = LogFiles.of(log).sealed().size();
        new TestArchive(store, log).segments(1, last - 1).tails(500, RECORDS - 5);
        Files.delete(log.resolve(name(last - 1)));
        byte[] bytes = Files.readAllBytes(log.resolve(name(last)));
        bytes[40] ^= 1;
        bytes[4096 + 100] ^= 1;
        Files.write(log.resolve(name(last)), bytes);
        return log;
    }

    private Path logInOtherFiles() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        SmallLog.twins(mine, theirs, RECORDS);
        all = SmallLog.read(mine);
        try (Wal wal = SmallLog.open(theirs)) {
            assertThat(DirectShip.ship(wal, store)).isEmpty();
        }
        return mine;
    }

    private static FaultyStorage load(Path log) throws IOException {
        FaultyStorage disk = new FaultyStorage(1, DiskRules.WORST);
        try (Stream<Path> files = Files.list(log)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                try (StorageFile to = disk.create(file.getFileName().toString())) {
                    to.writeFully(ByteBuffer.wrap(Files.readAllBytes(file)), 0);
                    to.force();
                }
            }
        }
        disk.forceDirectory();
        return disk;
    }

    private static ArchiveRepairReport repair(ObjectStore from, FaultyStorage disk) {
        return ArchiveRepair.log(
                from, LogFiles.of(disk, "orders"), WalProgress.NONE, new Retries(attempt -> {}), LogRepairTest.CLOCK);
    }

    private static WalConfig small(FaultyStorage disk) {
        return WalConfig.builder(disk)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build();
    }

    private void assertNoShorterLog(FaultyStorage disk) {
        try (Wal wal = Wal.open(small(disk))) {
            assertThat(wal.lastSequence()).isEqualTo(RECORDS);
        } catch (WalException e) {
            return;
        }
        assertThat(SmallLog.read(ReadOptions.of(disk))).isEqualTo(all);
    }

    private void assertRepaired(FaultyStorage disk) {
        assertThat(repair(store, disk).isComplete()).isTrue();
        assertThat(SmallLog.read(ReadOptions.of(disk))).isEqualTo(all);
        assertThat(WalRecovery.verify(ReadOptions.of(disk), WalProgress.NONE).isSound())
                .isTrue();
    }

    /** A check of a disk after a crash. */
    private interface Check {
        void run(FaultyStorage disk) throws IOException;
    }

    private void crashAtEveryOperation(Path log) throws IOException {
        crashAtEveryOperation(log, this::assertRepaired);
    }

    private void crashAtEveryOperation(Path log, Check check) throws IOException {
        int crashes = 0;
        for (int n = 1; ; n++) {
            FaultyStorage disk = load(log);
            AtomicInteger left = new AtomicInteger(n);
            // Every change from the nth one on.
            disk.plan(operation -> {
                boolean isChange = Fault.IO_ERROR_AFTERWARDS.isPossibleFor(operation.kind());
                return isChange && left.decrementAndGet() <= 0 ? Fault.IO_ERROR : null;
            });
            try {
                repair(store, disk);
            } catch (WalException e) {
                crashes++;
            }
            if (disk.faults() == 0) {
                break;
            }
            for (int cut = 0; cut < CUTS; cut++) {
                assertNoShorterLog(disk.cutPower(31L * n + cut));
                check.run(disk.cutPower(31L * n + cut));
            }
            check.run(disk.killProcess());
        }
        assertThat(crashes).isGreaterThan(10);
    }

    @Test
    void damagedLogAtEveryChangeOfTheDisk() throws IOException {
        crashAtEveryOperation(damagedLog());
    }

    @Test
    void activeSegmentWithoutHeaderAtEveryChangeOfTheDisk() throws IOException {
        crashAtEveryOperation(logWithoutHeader());
    }

    @Test
    void activeSegmentWithoutHeaderAtEveryRequest() throws IOException {
        crashAtEveryRequest(logWithoutHeader());
    }

    @Test
    void segmentInTailsAtEveryChangeOfTheDisk() throws IOException {
        crashAtEveryOperation(closedLog());
    }

    /** The last record is damaged too, and is in no tail. */
    @Test
    void segmentWithDamageAfterItsTailsAtEveryChangeOfTheDisk() throws IOException {
        Path log = closedLog();
        String last =
                name(LogFiles.of(log).sealed().get(LogFiles.of(log).sealed().size() - 1));
        byte[] bytes = Files.readAllBytes(log.resolve(last));
        bytes[lastBatch(bytes) + 70] ^= 1;
        Files.write(log.resolve(last), bytes);
        List<Entry> readable = all.subList(0, RECORDS - 1);
        crashAtEveryOperation(log, disk -> {
            assertThat(repair(store, disk).untouched()).singleElement().satisfies(problem -> {
                assertThat(problem.key()).isEqualTo(last);
                assertThat(problem.firstSequence()).isEqualTo(RECORDS);
                assertThat(problem.lastSequence()).isEqualTo(RECORDS);
            });
            assertThat(SmallLog.read(ReadOptions.of(disk).salvage())).isEqualTo(readable);
        });
    }

    /** Returns the position of the last batch before the footer, which states where the data ends. */
    private static int lastBatch(byte[] sealed) {
        ByteBuffer bytes = ByteBuffer.wrap(sealed).order(ByteOrder.LITTLE_ENDIAN);
        int footer = sealed.length - bytes.getInt(sealed.length - 16);
        int position = 4096;
        int next = position + bytes.getInt(position + 4);
        while (next < footer) {
            position = next;
            next = position + bytes.getInt(position + 4);
        }
        return position;
    }

    @Test
    void logInOtherFilesAtEveryChangeOfTheDisk() throws IOException {
        crashAtEveryOperation(logInOtherFiles());
    }

    @Test
    void everyRequest() throws IOException {
        crashAtEveryRequest(damagedLog());
    }

    @Test
    void segmentInTailsAtEveryRequest() throws IOException {
        crashAtEveryRequest(closedLog());
    }

    private void crashAtEveryRequest(Path log) throws IOException {
        for (int n = 1; ; n++) {
            HeapStore client = store.client(Plan.at(n, HeapStore.Fault.DIE_BEFORE));
            FaultyStorage disk = load(log);
            try {
                repair(client, disk);
            } catch (WalException e) {
                assertThat(client.isDead()).isTrue();
            }
            assertRepaired(disk.killProcess());
            if (!client.isDead()) {
                assertThat(n).isGreaterThan(10);
                return;
            }
        }
    }
}
