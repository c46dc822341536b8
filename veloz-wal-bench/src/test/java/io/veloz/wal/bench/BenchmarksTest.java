package io.veloz.wal.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchmarksTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<String> received = new ArrayList<>();
    private final List<Benchmark> all = List.of(Benchmark.of(
            "example",
            "an example",
            arguments -> {
                received.addAll(List.of(arguments));
                return 7;
            },
            "tiny",
            "1"));

    private int run(String... arguments) throws Exception {
        return Benchmarks.run(
                all,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                arguments);
    }

    @Test
    void argumentsAndExitCodeArePassed() throws Exception {
        assertThat(run("example", "a", "--b")).isEqualTo(7);
        assertThat(received).containsExactly("a", "--b");
    }

    @Test
    void smokeRunsWithTheSmokeArguments() throws Exception {
        assertThat(run("example", "--smoke")).isEqualTo(7);
        assertThat(received).containsExactly("tiny", "1");
    }

    @Test
    void helpListsEveryBenchmark() throws Exception {
        assertThat(run("--help")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("example", "an example", "smoke");
    }

    @Test
    void unknownBenchmarkIsExitCodeTwo() throws Exception {
        assertThat(run("other")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualToIgnoringNewLines("unknown benchmark other; --help lists all");
    }

    @Test
    void noArgumentPrintsTheHelpAndIsExitCodeTwo() throws Exception {
        assertThat(run()).isEqualTo(2);
        assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("Usage: ");
    }

    @Test
    void everyBenchmarkHasSmokeArgumentsAndItsOwnName() {
        assertThat(Benchmarks.ALL)
                .allMatch(benchmark -> !benchmark.smokeArguments().isEmpty());
        assertThat(Benchmarks.ALL)
                .extracting(Benchmark::name)
                .doesNotHaveDuplicates()
                .contains("compare");
    }
}
