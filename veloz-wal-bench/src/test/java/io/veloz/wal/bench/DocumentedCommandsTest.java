package io.veloz.wal.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The commands that the documents show start programs that exist. */
class DocumentedCommandsTest {
    private static final Pattern COMMAND =
            Pattern.compile("java -jar veloz-wal-bench/target/veloz-wal-bench-\\*\\.jar ([^ \n]+)");

    private static final Path ROOT = Path.of("..");

    @Test
    void everyCommandNamesABenchmark() throws IOException {
        List<String> names = new ArrayList<>(List.of("--help", "smoke"));
        Benchmarks.ALL.forEach(benchmark -> names.add(benchmark.name()));
        List<String> documented = new ArrayList<>();
        for (String document : List.of("README.md", "docs/benchmarks.md", ".ci/benchmarks")) {
            String text = Files.readString(ROOT.resolve(document));
            assertThat(text).doesNotContain("-cp veloz-wal-bench");
            Matcher command = COMMAND.matcher(text);
            while (command.find()) {
                documented.add(command.group(1));
            }
        }

        assertThat(documented)
                .isSubsetOf(names)
                .contains("compare", "archive-lag", "archived-outputs", "restore-rate", "smoke");
    }
}
