package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream terminal = new ByteArrayOutputStream();

    private Progress progress(boolean shown, Progress.Unit unit) {
        return new Progress(new PrintStream(terminal, true, StandardCharsets.UTF_8), shown, "verify", unit);
    }

    @Test
    void lineSaysShareAmountRateAndTimeLeft() {
        String line = progress(true, Progress.Unit.BYTES).line(64L << 20, 256L << 20, 2_000_000_000L);
        assertThat(line)
                .isEqualTo("verify [######..................]  25 %  64.0 MiB of 256 MiB  32.0 MiB/s  0:06 left");
    }

    @Test
    void recordsAreCounted() {
        String line = progress(true, Progress.Unit.RECORDS).line(1000, 1000, 1_000_000_000L);
        assertThat(line).endsWith("100 %  1,000 records of 1,000 records  1,000 records/s  0:00 left");
    }

    @Test
    void nothingIsWrittenWhereNobodyLooks() {
        try (Progress progress = progress(false, Progress.Unit.BYTES)) {
            for (int i = 0; i < 1000; i++) {
                progress.update(i, 1000);
            }
        }
        assertThat(terminal.size()).isZero();
    }
}
