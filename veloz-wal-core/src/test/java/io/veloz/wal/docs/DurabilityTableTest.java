package io.veloz.wal.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The tables of docs/durability.md: every row exists once, and every test that is named exists. */
class DurabilityTableTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    private static final Pattern ROW = Pattern.compile("^\\| ([APRSEJ]\\d+) \\|.*\\|([^|]*)\\|$", Pattern.MULTILINE);
    private static final Pattern TEST = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`");

    private static String document;

    /** The source of every test class, by its name. */
    private static final Map<String, String> SOURCES = new TreeMap<>();

    @BeforeAll
    static void read() throws IOException {
        document = Files.readString(ROOT.resolve("docs").resolve("durability.md"));
        for (String module : List.of("veloz-wal-core", "veloz-wal-testkit")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                for (Path file : files.filter(path -> path.toString().endsWith("Test.java"))
                        .toList()) {
                    SOURCES.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
    }

    @Test
    void everyRowExistsOnce() {
        List<String> expected = new ArrayList<>();
        Map.of("A", 10, "P", 5, "R", 12, "S", 8, "E", 14, "J", 13)
                .forEach((letter, count) ->
                        IntStream.rangeClosed(1, count).forEach(number -> expected.add(letter + number)));
        assertThat(ROW.matcher(document).results().map(row -> row.group(1)))
                .containsExactlyInAnyOrderElementsOf(expected);
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
        TEST.matcher(document).results().forEach(DurabilityTableTest::assertExists);
    }

    private static void assertExists(MatchResult test) {
        String source = SOURCES.get(test.group(1));
        assertThat(source).as(test.group()).isNotNull();
        if (test.group(2) != null) {
            int at = source.indexOf("void " + test.group(2) + "(");
            assertThat(at).as(test.group()).isPositive();
            // The annotations after the previous method show that it is a test and not a helper.
            assertThat(source.substring(Math.max(0, source.lastIndexOf("void ", at - 1)), at))
                    .as(test.group())
                    .containsPattern("@(Test|ParameterizedTest|Property)\\b");
        }
    }
}
