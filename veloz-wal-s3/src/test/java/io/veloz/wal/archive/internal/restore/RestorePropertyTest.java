package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For random logs and archives, the restored records are identical to the archived ones (W10). */
class RestorePropertyTest {
    @TempDir
    Path dir;

    @Test
    void restoreIsAPrefixUpToTheArchivedSequence() throws IOException {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        int rounds = Integer.getInteger("wal.rounds", 12);
        for (int round = 0; round < rounds; round++) {
            System.out.println("seed -Dwal.seed=" + (seed + round));
            round(new Random(seed + round), dir.resolve("round-" + round));
        }
    }

    private static void round(Random random, Path place) throws IOException {
        Path source = place.resolve("source");
        HeapStore store = new HeapStore();
        TestArchive archive = null;
        long sealed = 0;
        int lives = 1 + random.nextInt(4);
        for (int life = 0; life < lives; life++) {
            try (Wal wal = SmallLog.open(source)) {
                write(wal, random);
                archive = archive == null ? new TestArchive(store, source) : archive.epoch();
                for (int step = random.nextInt(4); step > 0; step--) {
                    long last = wal.lastSequence();
                    archive.tails(1 + random.nextInt(4000), random.nextBoolean() ? last : last - random.nextInt(40));
                    List<Long> available = LogFiles.of(source).sealed();
                    while (random.nextInt(3) > 0 && sealed < available.size()) {
                        archive.segment(++sealed);
                    }
                    if (random.nextBoolean()) {
                        archive.dropTails();
                    }
                }
            }
        }
        check(store, archive.archived().sequence(), source, place, random);
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

    private static void check(HeapStore store, long archived, Path source, Path place, Random random) {
        List<Entry> all = SmallLog.read(source);
        RestoreOptions options = RestoreOptions.into(place.resolve("target")).parallelism(1 + random.nextInt(4));
        RestoreReport report = ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::run);
        assertThat(report.lastSequence()).isEqualTo(archived);
        assertThat(SmallLog.read(options.directory())).isEqualTo(all.subList(0, (int) archived));
        try (Wal wal = SmallLog.open(options.directory())) {
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(archived + 1);
        }
    }
}
