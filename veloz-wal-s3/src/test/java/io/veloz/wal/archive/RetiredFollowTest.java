package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.follow.Follower;
import io.veloz.wal.archive.internal.follow.StandbyPromotion;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Standbys of an archive whose first records are retired, and which began in format 1. */
@Timeout(60)
class RetiredFollowTest {
    @TempDir
    static Path shared;

    private static CaredArchive archive;
    private static List<SmallLog.Entry> records;

    @TempDir
    Path dir;

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log")).verified();
        records = SmallLog.read(shared.resolve("log"));
    }

    private static long retire(HeapStore store) {
        ArchiveRetentionOptions options = CaredArchive.options()
                .keepFor(Duration.ofDays(42))
                .grace(Duration.ZERO)
                .build();
        return ArchiveRetention.apply(archive.care(store), options).firstSequence();
    }

    private Follower follower(HeapStore store) throws IOException {
        return Follower.open(store, DiskStorage.createOrOpen(dir.resolve("standby")), new Retries(attempt -> {}));
    }

    private static void catchUp(Follower follower) throws IOException {
        while (follower.step(true) != Follower.Step.CAUGHT_UP) {
            // A step makes progress, or fails.
        }
    }

    @Test
    void standbyBeginsAtTheFloorWithACheckpoint() throws IOException {
        HeapStore store = archive.newStore();
        long first = retire(store);
        assertThat(first).isGreaterThan(1);
        try (Follower follower = follower(store)) {
            catchUp(follower);
            new StandbyPromotion(follower, Clock.systemUTC(), true).run(1);
        }
        ReadOptions promoted = ReadOptions.of(dir.resolve("standby"));
        assertThat(SmallLog.read(promoted)).isEqualTo(records.subList((int) first - 1, records.size()));
        assertThat(WalCheckpoint.newest(promoted)).isPresent();
        SmallLog.open(dir.resolve("standby")).close();
    }

    @Test
    void standbyThatHasEverythingDoesNotNoticeRetention() throws IOException {
        HeapStore store = archive.newStore();
        try (Follower follower = follower(store)) {
            catchUp(follower);
            retire(store);
            catchUp(follower);
            new StandbyPromotion(follower, Clock.systemUTC(), true).run(1);
        }
        assertThat(SmallLog.read(ReadOptions.of(dir.resolve("standby")))).isEqualTo(records);
    }

    @Test
    void standbyThatNeedsRetiredRecordsNextIsRefused() throws IOException {
        HeapStore store = archive.newStore();
        Map<String, byte[]> all = store.objects();
        for (String key : all.keySet()) {
            boolean isLater = ArchiveKeys.slotNumber(key) > 4
                    || ArchiveKeys.segmentKey(key)
                            .filter(segment -> segment.number() > 3)
                            .isPresent()
                    || key.startsWith(ArchiveKeys.ATTACHMENTS)
                    || key.startsWith(ArchiveKeys.CARE);
            if (isLater) {
                store.remove(key);
            }
        }
        try (Follower follower = follower(store)) {
            catchUp(follower);
            assertThat(follower.state().end().segment()).isEqualTo(3);
        }
        all.forEach(store::damage);
        retire(store);
        try (Follower follower = follower(store)) {
            assertThatThrownBy(() -> catchUp(follower))
                    .isInstanceOfSatisfying(
                            ArchiveFollowException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.RETIRED))
                    .hasMessageContaining("were retired by care record");
        }
    }
}
