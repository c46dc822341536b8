package io.veloz.wal.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The tables of a document whose rows name, in their last column, the tests that show them. Immutable. */
public final class TestedTables {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern TEST = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`");

    private final String document;
    private final Pattern row;

    /** The source of every test class, by its name. */
    private final Map<String, String> sources = new TreeMap<>();

    /**
     * Reads a document.
     *
     * @param name in {@code docs}
     * @param letters of the names of rows: {@code AP} for A1, A2, P1
     * @param modules that have the tests
     */
    public TestedTables(String name, String letters, String... modules) throws IOException {
        this.document = Files.readString(ROOT.resolve("docs").resolve(name));
        this.row = Pattern.compile("^\\| ([" + letters + "]\\d+) \\|.*\\|([^|]*)\\|$", Pattern.MULTILINE);
        for (String module : modules) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                for (Path file : files.filter(path -> path.toString().endsWith("Test.java"))
                        .toList()) {
                    sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
    }

    /** Returns the names of all rows. */
    public List<String> rows() {
        return row.matcher(document).results().map(match -> match.group(1)).toList();
    }

    public void assertEveryRowNamesATestByItsMethod() {
        row.matcher(document)
                .results()
                .forEach(match -> assertThat(
                                TEST.matcher(match.group(2)).results().map(test -> test.group(2)))
                        .as(match.group(1))
                        .isNotEmpty()
                        .doesNotContainNull());
    }

    public void assertEveryTestThatIsNamedExists() {
        assertThat(TEST.matcher(document).results()).isNotEmpty();
        TEST.matcher(document).results().forEach(this::assertExists);
    }

    private void assertExists(MatchResult test) {
        String source = sources.get(test.group(1));
        assertThat(source).as(test.group()).isNotNull();
        if (test.group(2) != null) {
            int at = source.indexOf("void " + test.group(2) + "(");
            assertThat(at).as(test.group()).isPositive();
            // The annotations after the previous method show that it is a test and not a helper.
            assertThat(source.substring(Math.max(0, source.lastIndexOf("void ", at - 1)), at))
                    .as(test.group())
                    .containsPattern("@(Test|ParameterizedTest|Property|TestFactory)\\b");
        }
    }
}
