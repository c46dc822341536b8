package io.veloz.wal.backup.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The failures in docs/disaster-recovery.md: each row exists once, and the tests that it names exist. */
class FailureTableTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    private static final Pattern ROW = Pattern.compile("^\\| ([FX]\\d+) \\|.*\\|([^|]*)\\|$", Pattern.MULTILINE);
    private static final Pattern TEST = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`");

    private static String document;

    /** The source of every test by the name of its class. */
    private static final Map<String, String> SOURCES = new TreeMap<>();

    @BeforeAll
    static void read() throws IOException {
        document = Files.readString(ROOT.resolve("docs").resolve("disaster-recovery.md"));
        for (String module : List.of("veloz-wal-backup", "examples/ops")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                for (Path file : files.filter(path -> path.toString().endsWith("Test.java"))
                        .toList()) {
                    SOURCES.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
    }

    @Test
    void rowsAreThereOnce() {
        assertThat(ROW.matcher(document).results().map(row -> row.group(1)))
                .containsAll(IntStream.rangeClosed(1, 12)
                        .boxed()
                        .flatMap(row -> Stream.of("F" + row, "X" + row))
                        .toList())
                .doesNotHaveDuplicates();
    }

    @Test
    void everyRowNamesATestByItsMethod() {
        ROW.matcher(document)
                .results()
                .forEach(row -> assertThat(TEST.matcher(row.group(2)).results().map(test -> test.group(2)))
                        .as(row.group(1))
                        .isNotEmpty()
                        .doesNotContainNull());
    }

    @Test
    void everyTestThatIsNamedExists() {
        assertThat(TEST.matcher(document).results()).isNotEmpty();
        TEST.matcher(document).results().forEach(FailureTableTest::assertExists);
    }

    private static void assertExists(MatchResult test) {
        String source = SOURCES.get(test.group(1));
        assertThat(source).as(test.group()).isNotNull();
        int at = source.indexOf("void " + test.group(2) + "(");
        assertThat(at).as(test.group()).isPositive();
        // The text between it and the method before shows whether it is a test or a helper.
        assertThat(source.substring(Math.max(0, source.lastIndexOf("void ", at - 1)), at))
                .as(test.group())
                .containsPattern("@(Test|ParameterizedTest|Property|TestFactory)\\b");
    }
}
