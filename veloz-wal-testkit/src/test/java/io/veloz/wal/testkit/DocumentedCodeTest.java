package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every Java block in the pages under docs equals the code between "begin" and "end" in a test of this module, except
 * for white space.
 */
class DocumentedCodeTest {
    private static final Path MODULE = Path.of(System.getProperty("basedir", "."));
    private static final Path TESTS = MODULE.resolve("src/test/java/io/veloz/wal/testkit");
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private static List<String> blocks(Path page) {
        return JAVA_BLOCK
                .matcher(read(page))
                .results()
                .map(block -> withoutSpace("// begin" + block.group(1) + "// end"))
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String withoutSpace(String code) {
        return code.replaceAll("\\s+", "");
    }

    @Test
    void everyPageShowsCodeThatIsCompiledAndRun() throws IOException {
        String tested = Stream.of("ExampleEngine.java", "ExampleEngineTest.java")
                .map(name -> withoutSpace(read(TESTS.resolve(name))))
                .collect(Collectors.joining());
        try (Stream<Path> pages = Files.walk(MODULE.resolve("../docs"))) {
            for (Path page : pages.filter(file -> file.toString().endsWith(".md")
                            // These pages have a test in the module that they describe.
                            && !file.endsWith("archive.md")
                            && !file.endsWith("chronicle.md")
                            && !file.endsWith("operations.md"))
                    .toList()) {
                assertThat(blocks(page))
                        .as("%s", page.getFileName())
                        .allSatisfy(block -> assertThat(tested).contains(block));
            }
        }
        assertThat(blocks(MODULE.resolve("../docs/testing.md"))).hasSize(3);
    }
}
