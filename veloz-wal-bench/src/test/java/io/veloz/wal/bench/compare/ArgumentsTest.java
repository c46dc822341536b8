package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.bench.measure.Workload;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
    @Test
    void helpNamesEveryOptionLogWorkloadAndExitCode() {
        assertThat(Arguments.help())
                .contains(
                        "--rounds",
                        "--seconds",
                        "--warm-up",
                        "--timeout",
                        "--logs",
                        "--workloads",
                        "--dir",
                        "--results",
                        "--continue",
                        "--from",
                        "--smoke",
                        "--help")
                .contains(ComparedLog.names())
                .contains("Exit codes: 0", "; 1 ", "; 2 ");
        for (Workload workload : Workload.values()) {
            assertThat(Arguments.help()).contains(workload.argument());
        }
    }

    @Test
    void valuesAreTakenFromTheWords() {
        Arguments arguments = Arguments.parse(
                "--rounds",
                "3",
                "--seconds",
                "1.5",
                "--warm-up",
                "0",
                "--logs",
                "h2,veloz-wal",
                "--workloads",
                "replay,async",
                "--dir",
                "a",
                "--results",
                "b",
                "--continue");

        assertThat(arguments.rounds()).isEqualTo(3);
        assertThat(arguments.seconds()).isEqualTo(1.5);
        assertThat(arguments.warmUpSeconds()).isZero();
        assertThat(arguments.logs()).extracting(ComparedLog::name).containsExactly("veloz-wal", "h2");
        assertThat(arguments.workloads()).containsExactly("replay", "async");
        assertThat(arguments.directory()).isEqualTo(Path.of("a"));
        assertThat(arguments.results()).contains(Path.of("b"));
        assertThat(arguments.continues()).isTrue();
        assertThat(arguments.timeout()).isEqualTo(Duration.ofSeconds(75));
    }

    @Test
    void unknownOptionIsRefused() {
        assertThatThrownBy(() -> Arguments.parse("--round")).hasMessage("unknown argument --round; --help lists all");
    }

    @Test
    void optionWithoutItsValueIsRefused() {
        assertThatThrownBy(() -> Arguments.parse("--rounds")).hasMessage("--rounds needs a value");
    }

    @Test
    void valueThatIsNotANumberOrOutOfRangeIsRefused() {
        assertThatThrownBy(() -> Arguments.parse("--rounds", "two")).hasMessage("--rounds two: expected a number");
        assertThatThrownBy(() -> Arguments.parse("--seconds", "NaN"))
                .hasMessage("--seconds NaN: expected 0.05 to 3600.0");
    }

    @Test
    void unknownLogIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Arguments.parse("--logs", "veloz-wal,kafka"))
                .hasMessage("unknown logs [kafka]; known: " + ComparedLog.names());
    }

    @Test
    void unknownWorkloadIsRefused() {
        assertThatThrownBy(() -> Arguments.parse("--workloads", "fast"))
                .hasMessageStartingWith("unknown workload fast;");
    }
}
