package io.veloz.wal;

import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A trim deletes the segment whose footer the next one refers to. An archive still has it, and restores both. */
@Timeout(60)
class TrimmedChainTest {
    private static final CheckpointContent STATE = out -> out.write(1);

    /**
     * Returns all segments of a log that was trimmed up to its active segment, closed and reopened, as an archive keeps
     * them.
     */
    private static MemoryStorage archived() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        MemoryStorage trimmed;
        try (Wal wal = TestLog.open(storage)) {
            for (int i = 0; i < 2; i++) {
                TestLog.append(wal, 3);
                wal.roll();
            }
            TestLog.append(wal, 3);
            wal.writeCheckpoint(9, STATE);
            wal.writeCheckpoint(9, STATE);
            trimmed = storage.copy();
            assertThat(wal.trim(0).deletedSegments()).containsExactly(sealed(1), sealed(2));
        }
        try (Wal wal = TestLog.open(storage)) {
            for (int i = 0; i < 2; i++) {
                TestLog.append(wal, 3);
                wal.roll();
            }
        }
        MemoryStorage all = storage.copy();
        all.delete(".orders_trimmed");
        return all.put(sealed(1), trimmed.bytes(sealed(1))).put(sealed(2), trimmed.bytes(sealed(2)));
    }

    @Test
    void segmentSealedAfterItsPredecessorWasTrimmedFollowsIt() throws IOException {
        MemoryStorage all = archived();
        assertThat(WalRecovery.verify(ReadOptions.of(all), WalProgress.NONE).segments())
                .filteredOn(segment -> !segment.isGood())
                .isEmpty();
        assertThat(read(all)).hasSize(15);
    }
}
