package io.veloz.wal.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScreenTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String shown() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void failedCheckIsPrintedWithItsFirstProblemsAndCounted() {
        Screen screen = new Screen(out, false);
        screen.promise("kept", "this", List.of());
        screen.promise("broken", "that", Collections.nCopies(12, "because"));
        assertThat(shown().lines().map(String::strip))
                .startsWith("ok      kept        this", "WRONG   broken      that", "because")
                .endsWith("and 2 more")
                .hasSize(13);
        assertThat(screen.wrong()).isEqualTo(1);
        assertThat(screen.missed()).isZero();
    }

    @Test
    void missedTargetIsCountedSeparately() {
        Screen screen = new Screen(out, false);
        screen.target("fast", "as wanted", true);
        screen.target("slow", "not as wanted", false);
        assertThat(shown()).contains("ok      fast", "MISSED  slow");
        assertThat(screen.missed()).isEqualTo(1);
        assertThat(screen.wrong()).isZero();
    }

    @Test
    void barIsShownOnlyOnATerminalAndCleared() {
        new Screen(out, false).progress("working", 1, 2);
        assertThat(shown()).isEmpty();
        Screen screen = new Screen(out, true);
        screen.progress("working", 1_000, 2_000);
        assertThat(shown())
                .startsWith("\r")
                .endsWith("working     [" + "#".repeat(20) + ".".repeat(20) + "] 1,000 of 2,000");
        screen.line("done", "it");
        assertThat(shown()).matches("(?s).*\r +\r   +done +it\\R");
    }
}
