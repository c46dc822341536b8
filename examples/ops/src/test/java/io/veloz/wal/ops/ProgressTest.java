package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream terminal = new ByteArrayOutputStream();

    private Progress progress(int columns, Progress.Unit unit) {
        return new Progress(new PrintStream(terminal, true, StandardCharsets.UTF_8), columns, "verify", unit);
    }

    @Test
    void lineShowsPercentageAmountRateAndRemainingTime() {
        String line = progress(120, Progress.Unit.BYTES).line(64L << 20, 256L << 20, 2_000_000_000L);
        assertThat(line)
                .isEqualTo("verify [######..................]  25 %  64.0 MiB of 256 MiB  32.0 MiB/s  0:06 left");
    }

    @Test
    void recordsAreCounted() {
        String line = progress(120, Progress.Unit.RECORDS).line(1000, 1000, 1_000_000_000L);
        assertThat(line).endsWith("100 %  1,000 of 1,000 records  1,000/s  0:00 left");
    }

    @Test
    void lineFitsItsTerminal() {
        String line = progress(80, Progress.Unit.BYTES).line(900L << 30, 999L << 30, 3_600_000_000_000L);
        assertThat(line).hasSizeLessThan(80).startsWith("verify [#").endsWith(" left");
    }

    @Test
    void longerLineIsTruncatedSoThatTheTerminalDoesNotWrap() {
        TerminalLine line = new TerminalLine(new PrintStream(terminal, true, StandardCharsets.UTF_8), 20);
        line.show("x".repeat(50));
        assertThat(terminal.toString(StandardCharsets.UTF_8)).isEqualTo("\r" + "x".repeat(19));
    }

    @Test
    void nothingIsPrintedWithoutATerminal() {
        try (Progress progress = progress(0, Progress.Unit.BYTES)) {
            for (int i = 0; i < 1000; i++) {
                progress.update(i, 1000);
            }
        }
        assertThat(terminal.size()).isZero();
    }
}
