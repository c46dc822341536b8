package io.veloz.wal.bench.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RawFileTest {
    private static final int RECORD_BYTES = 1_000;
    private static final int SEGMENT_BYTES = 200 * (RECORD_BYTES + RawFile.FRAME_BYTES);
    private static final LogKind.Settings SETTINGS = new LogKind.Settings(SEGMENT_BYTES, RECORD_BYTES, false);

    @TempDir
    private Path directory;

    private static void append(MeasuredLog log, int records) throws Exception {
        for (int i = 0; i < records; i++) {
            log.append(ByteBuffer.allocate(RECORD_BYTES));
        }
    }

    private String[] files() {
        return directory.toFile().list();
    }

    @Test
    void secondFileIsNotFilledBeforeTheFirstOneIsHalfUsed() throws Exception {
        try (MeasuredLog log = new RawSingle().open(directory, SETTINGS)) {
            append(log, 100);

            assertThat(files()).containsExactly("segment-00000000");
            assertThat(log.rolls()).hasValue(0);
        }
    }

    @Test
    void rollsAreCounted() throws Exception {
        try (MeasuredLog log = new RawSingle().open(directory, SETTINGS)) {
            append(log, 401);

            assertThat(log.rolls()).hasValue(2);
        }
    }

    @Test
    void closeDeletesAFileThatWasFilledAheadAndNotUsed() throws Exception {
        try (MeasuredLog log = new RawSingle().open(directory, SETTINGS)) {
            append(log, 201);
        }

        assertThat(files()).containsExactlyInAnyOrder("segment-00000000", "segment-00000001");
        assertThat(RawFile.replay(directory)).isEqualTo(new LogKind.Replayed(201, 201L * RECORD_BYTES));
    }
}
