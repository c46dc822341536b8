package io.veloz.wal.archive.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchiveFill;
import io.veloz.wal.archive.ArchiveFillOptions;
import io.veloz.wal.archive.ArchiveFollower;
import io.veloz.wal.archive.ArchiveReader;
import io.veloz.wal.archive.ArchiveReport;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.ArchiveVerifyOptions;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.FollowerConfig;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.orders.OrderStateReplay;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The code of README.md and docs/archive.md that needs the archive is the code in this file, compiled and run: {@link #theDocumentsShowThisCode}
 * compares them character by character, but for white space, directory and archive.
 */
class DocumentedArchiveCodeTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path dir;

    private Path directory;
    private String archive;

    @Test
    void whatIsShippedIsRestored() {
        archive = dir.resolve("archive").toUri().toString();
        directory = dir.resolve("engine");
        ship(new byte[100]);
        directory = dir.resolve("elsewhere");
        assertThat(restore()).isEqualTo(1);
        read(1);
        verify();
        directory = dir.resolve("standby");
        followAndPromote();
        directory = dir.resolve("fast");
        assertThat(restoreInTwoTimes()).isEqualTo(1);
    }

    private void ship(byte[] bytes) {
        // begin
        try (Wal wal = Wal.open(directory);
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(archive).build())) {
            long sequence = wal.appendDurable(7, ByteBuffer.wrap(bytes)); // on this disk
            if (shipper.awaitArchived(sequence, Duration.ofSeconds(30))) { // for those who wait for it
                System.out.println(sequence + " is in S3, and all before it: " + shipper.status());
            }
        }
        // end
    }

    private long restore() {
        // begin
        RestoreReport report = WalRecovery.restoreFrom(archive, RestoreOptions.into(directory));
        System.out.println(report.records() + " records, up to " + report.lastSequence() + ", in " + report.took());
        try (Wal wal = Wal.open(directory)) { // the log continues
            System.out.println(wal.lastSequence());
        }
        // end
        return report.records();
    }

    private long restoreInTwoTimes() {
        // begin
        RestoreReport report =
                WalRecovery.restoreFrom(archive, RestoreOptions.into(directory).fromCheckpoint());
        System.out.println(report.plan().leftSegments() + " segments are in the archive only");
        try (ObjectStore store = ObjectStores.open(archive);
                Wal wal = Wal.open(directory); // appends, ships and trims
                ArchiveFill fill = ArchiveFill.start(store, wal, ArchiveFillOptions.defaults())) {
            System.out.println(wal.lastSequence() + ", " + fill.await());
        }
        // end
        return report.records();
    }

    private void read(long first) {
        // begin
        try (ArchiveReader log = ArchiveReader.open(archive);
                WalReader reader = WalReader.open(log.options().fromSequence(first))) {
            while (reader.next()) {
                System.out.println(reader.sequence() + " " + reader.timestamp());
            }
        }
        // end
    }

    private void verify() {
        // begin
        ArchiveVerifyOptions options = ArchiveVerifyOptions.level(Level.REPLAY)
                .replay(OrderStateReplay::new)
                .build();
        try (ObjectStore store = ObjectStores.open(archive)) {
            ArchiveReport report = new ArchiveVerifier(store).verify(options, WalProgress.NONE);
            System.out.println(report.isSound() + " " + report.replay());
        }
        // end
    }

    private void followAndPromote() {
        // begin
        try (ArchiveFollower standby =
                ArchiveFollower.start(FollowerConfig.builder(archive, directory).build())) {
            System.out.println(standby.status().lag() + ", up to record "
                    + standby.status().appliedSequence());
            standby.awaitCaughtUp(Duration.ofMinutes(5));
            long epoch = standby.status().epoch(); // its writer is stopped for good: stop that host first
            System.out.println(standby.promote(epoch).lastSequence() + " is the last record that was archived");
        }
        try (Wal wal = Wal.open(directory)) { // the log continues
            System.out.println(wal.lastSequence());
        }
        // end
    }

    @Test
    void theDocumentsShowThisCode() throws IOException {
        String here = withoutSpace(Files.readString(
                ROOT.resolve("veloz-wal-s3/src/test/java/io/veloz/wal/archive/docs/DocumentedArchiveCodeTest.java")));
        assertThat(shown("README.md"))
                .hasSize(2)
                .allSatisfy(block -> assertThat(here).contains(block));
        assertThat(shown("docs/archive.md"))
                .hasSize(4)
                .allSatisfy(block -> assertThat(here).contains(block));
    }

    private static List<String> shown(String document) throws IOException {
        return JAVA_BLOCK
                .matcher(Files.readString(ROOT.resolve(document)))
                .results()
                .map(MatchResult::group)
                .filter(block -> block.contains("s3://"))
                .map(block ->
                        withoutSpace("// begin" + block.substring("```java".length(), block.length() - 3) + "// end"))
                .toList();
    }

    private static String withoutSpace(String code) {
        return code.replaceAll("Path\\.of\\(\"[^\"]*\"\\)", "directory")
                .replaceAll("\"s3://[^\"]*\"", "archive")
                .replaceAll("\\s+", "");
    }
}
