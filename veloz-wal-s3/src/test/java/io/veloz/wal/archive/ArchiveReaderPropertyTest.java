package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For random logs and archives, a reader of the archive returns the same as a reader of the log. */
class ArchiveReaderPropertyTest {
    @TempDir
    Path dir;

    private record Archived(HeapStore store, Path log, long sequence) {}

    @Test
    void readersOfTheArchiveAndOfTheLogAreEqual() throws IOException {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        int rounds = Integer.getInteger("wal.rounds", 12);
        for (int round = 0; round < rounds; round++) {
            System.out.println("seed -Dwal.seed=" + (seed + round));
            Random random = new Random(seed + round);
            check(archived(random, dir.resolve("round-" + round)), random);
        }
    }

    private static Archived archived(Random random, Path log) throws IOException {
        HeapStore store = new HeapStore();
        TestArchive archive = null;
        long sealed = 0;
        int lives = 1 + random.nextInt(4);
        for (int life = 0; life < lives; life++) {
            try (Wal wal = SmallLog.open(log)) {
                write(wal, random);
                archive = archive == null ? new TestArchive(store, log) : archive.epoch();
                for (int step = random.nextInt(4); step > 0; step--) {
                    long last = wal.lastSequence();
                    archive.tails(1 + random.nextInt(4000), random.nextBoolean() ? last : last - random.nextInt(40));
                    List<Long> available = LogFiles.of(log).sealed();
                    while (random.nextInt(3) > 0 && sealed < available.size()) {
                        archive.segment(++sealed);
                    }
                    if (random.nextBoolean()) {
                        archive.dropTails();
                    }
                }
            }
        }
        return new Archived(store, log, archive.archived().sequence());
    }

    private static void write(Wal wal, Random random) {
        for (int i = random.nextInt(60); i > 0; i--) {
            if (random.nextInt(5) == 0) {
                RecordGroup group = new RecordGroup();
                for (int k = 1 + random.nextInt(5); k > 0; k--) {
                    group.add(9, SmallLog.bytes("x".repeat(random.nextInt(200))));
                }
                wal.appendDurable(group);
            } else {
                wal.appendDurable(1, SmallLog.bytes("y".repeat(random.nextInt(1500))));
            }
        }
        if (random.nextInt(3) == 0) {
            wal.roll();
        }
    }

    private static void check(Archived archived, Random random) {
        if (archived.sequence == 0) {
            return;
        }
        List<Entry> all = SmallLog.read(archived.log).subList(0, (int) archived.sequence);
        ArchiveReadOptions memory = ArchiveReadOptions.defaults()
                .cacheBytes(random.nextInt(3) * 20_000L)
                .aheadBytes(random.nextInt(3) * 10_000L);
        try (ArchiveReader archive = ArchiveReader.open(archived.store, memory, new Retries(n -> {}))) {
            assertThat(archive.report().lastSequence()).isEqualTo(archived.sequence);
            assertThat(SmallLog.read(archive.options())).isEqualTo(all);
            for (int i = 0; i < 5; i++) {
                long from = 1 + random.nextInt((int) archived.sequence);
                long until = from + random.nextInt(30);
                ReadOptions local = ReadOptions.of(archived.log).untilSequence(archived.sequence);
                assertThat(SmallLog.read(archive.options().fromSequence(from).untilSequence(until)))
                        .isEqualTo(SmallLog.read(
                                local.fromSequence(from).untilSequence(Math.min(until, archived.sequence))));
                long time = all.get((int) from - 1).timestampNanos();
                long end = all.get((int) Math.min(until, archived.sequence) - 1).timestampNanos();
                assertThat(SmallLog.read(archive.options().fromTime(time).untilTime(end)))
                        .isEqualTo(SmallLog.read(local.fromTime(time).untilTime(end)));
            }
        }
    }
}
