package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalStatsTest {
    @TempDir
    Path dir;

    @Test
    void bytesWrittenIsTheGrowthOfTheSegment() {
        try (Wal wal = Wal.open(dir)) {
            long room = wal.stats().activeSegmentRoomBytes();
            wal.appendDurable(1, ByteBuffer.allocate(100));
            wal.appendDurable(1, ByteBuffer.allocate(3));
            WalStats after = wal.stats();
            assertThat(after.bytesWritten()).isGreaterThan(103).isEqualTo(room - after.activeSegmentRoomBytes());
        }
    }
}
