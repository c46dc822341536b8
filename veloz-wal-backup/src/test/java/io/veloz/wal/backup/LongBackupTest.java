package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A backup that runs for days must not put a point after retention may have deleted its chunks. */
@Timeout(120)
class LongBackupTest {
    @TempDir
    Path dir;

    private final AtomicReference<Duration> late = new AtomicReference<>(Duration.ZERO);

    /** The time of the machine, later by what the test adds. */
    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            return InstantSource.system().instant().plus(late.get());
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    };

    private RecoveryPoint backup(ObjectStore store, Wal wal, Duration after) throws IOException {
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        Files.createDirectories(dir.resolve("etc"));
        Files.writeString(dir.resolve("etc/config.yaml"), "depth: 5\n");
        Path profile = dir.resolve("backup.properties");
        Files.writeString(profile, "state.directory = state\nconfiguration.roots = etc\n" + keys.profileLines());
        BackupProgress time = new BackupProgress() {
            @Override
            public void onWaitingForArchive(long upTo, long archivedSequence) {
                late.set(after);
                wal.appendDurable(1, ByteBuffer.wrap(new byte[10]));
            }
        };
        // The position is one record ahead of the log, so the backup waits for the archive once at least.
        LogPosition ahead = () -> wal.durableSequence() + 1;
        return new Backup(store, BackupProfile.read(profile), ahead, Duration.ofSeconds(30), time, clock, 1024)
                .run(EnumSet.of(Kind.CONFIGURATION))
                .point()
                .orElseThrow();
    }

    private interface WithLog {
        void run(ObjectStore store, Wal wal) throws Exception;
    }

    private void withLog(WithLog test) throws Exception {
        Path archive = dir.resolve("archive");
        try (Wal wal = Wal.open(dir.resolve("wal"));
                ObjectStore store = new DirectoryStore(archive)) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[10]));
            try (WalShipper shipper = WalShipper.start(
                    wal, ShipperConfig.builder(archive.toUri().toString()).build())) {
                assertThat(shipper.awaitArchived(1, Duration.ofSeconds(30))).isTrue();
                test.run(store, wal);
            }
        }
    }

    @Test
    void anAttachmentOfFiveDaysAgoIsNotNamedByANewPoint() throws Exception {
        withLog((store, wal) -> {
            assertThatThrownBy(() -> backup(store, wal, Retention.LONGEST_BACKUP))
                    .isInstanceOf(IOException.class)
                    .hasMessageContainingAll("the configuration was read at", "expected less than 120", "Make the backup again");
            List<StoredObject> points = store.list("points/", "");
            assertThat(points).isEmpty();
        });
    }

    @Test
    void anAttachmentOfFourDaysAgoIsNamed() throws Exception {
        withLog((store, wal) ->
                assertThat(backup(store, wal, Duration.ofDays(4)).number()).isEqualTo(1));
    }
}
