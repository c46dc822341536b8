package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Durability;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The memory of a restore does not depend on the size of the archive. Use {@code -Dveloz.restoreRecords=10000000} for an
 * archive of 1.3 GB, which takes a minute or two.
 */
class SmallHeapRestoreTest {
    private static final int RECORDS = Integer.getInteger("veloz.restoreRecords", 250_000);
    private static final long LIMIT_SECONDS = 900;

    @TempDir
    Path dir;

    @Test
    void archiveLargerThanTheHeapIsRestored() throws Exception {
        Path archive = Files.createDirectories(dir.resolve("archive"));
        ship(archive.toUri().toString());
        List<String> output = restoreInChild(archive.toUri().toString(), dir.resolve("restored"));
        output.forEach(System.out::println);
        assertThat(output).last().asString().isEqualTo("restored " + RECORDS);
        assertThat(dir.resolve("restored/orders_current.wal")).exists();
    }

    /** Half of each record is random, so that objects and tails do not compress well. */
    private void ship(String uri) {
        WalConfig log = WalConfig.builder(dir.resolve("log"))
                .segmentBytes(4 * 1024 * 1024)
                .durability(Durability.LOSE_UNFORCED)
                .build();
        ByteBuffer payload = ByteBuffer.allocate(100);
        SplittableRandom random = new SplittableRandom(7);
        try (Wal wal = Wal.open(log)) {
            for (int i = 0; i < RECORDS; i++) {
                for (int at = 0; at < 48; at += Long.BYTES) {
                    payload.putLong(at, random.nextLong());
                }
                wal.append(1, payload.duplicate());
            }
            wal.sync();
            try (WalShipper shipper =
                    WalShipper.start(wal, ShipperConfig.builder(uri).build())) {
                assertThat(shipper.awaitArchived(RECORDS, Duration.ofSeconds(LIMIT_SECONDS)))
                        .isTrue();
            }
        }
    }

    private List<String> restoreInChild(String uri, Path target) throws Exception {
        Path out = dir.resolve("child.txt");
        ProcessBuilder restore = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx48m",
                        "-XX:MaxDirectMemorySize=8m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        RestoreChild.class.getName(),
                        uri)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile());
        restore.environment().put("VELOZ_WAL_DIR", target.toString());
        Process child = restore.start();
        try {
            assertThat(child.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
            return Files.readAllLines(out);
        } finally {
            child.destroyForcibly();
        }
    }
}
