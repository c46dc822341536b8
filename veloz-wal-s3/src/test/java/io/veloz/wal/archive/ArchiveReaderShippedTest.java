package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reading the log in archives that a shipper writes, or has written with earlier versions. */
@Timeout(120)
class ArchiveReaderShippedTest {
    @TempDir
    Path dir;

    private void shipAndRead(ObjectStore store) {
        Path log = dir.resolve("log");
        ShipperConfig config = ShipperConfig.builder(store)
                .flushInterval(Duration.ofMillis(20))
                .build();
        try (Wal wal = SmallLog.open(log);
                WalShipper shipper = WalShipper.start(wal, config)) {
            for (int i = 1; i <= 6; i++) {
                SmallLog.append(wal, 120);
                assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(60)))
                        .isTrue();
                long archived = wal.lastSequence();
                try (ArchiveReader reader = ArchiveReader.open(store, ArchiveReadOptions.defaults());
                        WalReader records = WalReader.open(reader.options().fromSequence(archived - 100))) {
                    // The reader is open while the shipper commits segments.
                    SmallLog.append(wal, 60);
                    List<Entry> local = SmallLog.read(log);
                    assertThat(SmallLog.read(reader.options()).subList(0, (int) archived))
                            .isEqualTo(local.subList(0, (int) archived));
                    for (long next = archived - 100; next <= archived; next++) {
                        assertThat(records.next()).isTrue();
                        assertThat(records.sequence()).isEqualTo(next);
                    }
                }
            }
        }
    }

    @Test
    void archiveInADirectoryIsReadWhileItIsShipped() throws IOException {
        try (ObjectStore store = new DirectoryStore(dir.resolve("archive"))) {
            shipAndRead(store);
        }
    }

    @Test
    void archiveInS3IsReadWhileItIsShipped() throws IOException, InterruptedException {
        try (ObjectStore store = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            shipAndRead(store);
        }
    }

    private void assertReadAsRestored(String golden) throws IOException, URISyntaxException {
        Path original = Path.of(Objects.requireNonNull(ArchiveReaderShippedTest.class.getResource("/golden/" + golden))
                .toURI());
        Path archive = dir.resolve(golden);
        ArchivedLog.copy(original, archive);
        String uri = archive.toUri().toString();
        Path restored = dir.resolve("restored-" + golden);
        WalRecovery.restoreFrom(uri, RestoreOptions.into(restored));
        try (ArchiveReader reader = ArchiveReader.open(uri)) {
            assertThat(SmallLog.read(reader.options())).isEqualTo(SmallLog.read(restored));
            assertThat(WalCheckpoint.newest(reader.options()).orElseThrow().checksum())
                    .isEqualTo(WalCheckpoint.newest(ReadOptions.of(restored))
                            .orElseThrow()
                            .checksum());
        }
    }

    @Test
    void archiveOfFormat1IsReadAsItIsRestored() throws IOException, URISyntaxException {
        assertReadAsRestored("archive-1");
    }

    @Test
    void archiveOfFormat2IsReadAsItIsRestored() throws IOException, URISyntaxException {
        assertReadAsRestored("archive-2");
    }
}
