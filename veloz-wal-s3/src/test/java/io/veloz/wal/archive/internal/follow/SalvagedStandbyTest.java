package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.LogCopy;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log that declares records as lost, as after a salvage, has standbys that can be promoted. */
@Timeout(60)
class SalvagedStandbyTest {
    private static final long RECORDS = 900;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private final FaultyStorage standby = FollowRig.disk();

    /** Creates a log as a salvage does, without one record. Returns its directory. */
    private Path salvaged(String name, long lost) throws IOException {
        Path directory = dir.resolve(name);
        try (LogCopy copy = new LogCopy(
                DiskStorage.createOrOpen(directory),
                new SegmentNames("orders"),
                LogId.random(),
                1,
                16 * 1024,
                4 * 1024,
                () -> 1)) {
            for (long sequence = 1; sequence <= RECORDS; sequence++) {
                if (sequence != lost) {
                    copy.add(sequence, 1, false, sequence, SmallLog.bytes("record " + sequence + " ".repeat(40)));
                }
            }
            copy.finish();
        }
        SmallLog.open(directory).close();
        return directory;
    }

    private static SealedSegment sealed(Path log, long number) throws IOException {
        return LogFiles.of(log).sealed(number).orElseThrow();
    }

    private void assertPromoted(List<Entry> expected) throws IOException {
        FollowRig.promote(store, standby);
        try (Wal wal = FollowRig.open(standby)) {
            assertThat(FollowRig.read(standby)).isEqualTo(expected);
            assertThat(wal.lastSequence()).isEqualTo(RECORDS);
        }
    }

    @Test
    void lossInsideOfASegment() throws IOException {
        Path log = salvaged("log", 10);
        SealedSegment first = sealed(log, 1);
        assertThat(first.records()).isEqualTo(first.lastSequence() - 1);
        List<Entry> records = SmallLog.read(log);
        try (Wal wal = SmallLog.open(log);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store)) {
            shipper.ship();
        }
        FollowRig.follow(store, standby);
        assertPromoted(records);
    }

    /** A standby that follows slot by slot has such a segment before it is committed. */
    @Test
    void lossBeforeTheFirstRecordOfASegment() throws IOException {
        long last = sealed(salvaged("whole", 0), 2).lastSequence();
        Path log = salvaged("log", last + 1);
        assertThat(sealed(log, 2).lastSequence()).isEqualTo(last);
        assertThat(sealed(log, 3).firstSequence()).isEqualTo(last + 2);
        TestArchive archive = new TestArchive(store, log).segments(1, 2);
        try (Follower follower = FollowRig.follower(store, standby)) {
            FollowRig.catchUp(follower);
            archive.tails(5_000, RECORDS);
            FollowRig.catchUp(follower);
        }
        assertThat(standby.list()).contains("orders_0000000000000003.wal");
        assertPromoted(SmallLog.read(log));
    }
}
