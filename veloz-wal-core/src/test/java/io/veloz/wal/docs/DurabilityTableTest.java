package io.veloz.wal.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The tables of docs/durability.md: every row exists once, and every test that is named exists. */
class DurabilityTableTest {
    private static TestedTables tables;

    @BeforeAll
    static void read() throws IOException {
        tables = new TestedTables("durability.md", "APRSEJ", "veloz-wal-core", "veloz-wal-testkit");
    }

    @Test
    void everyRowExistsOnce() {
        List<String> expected = new ArrayList<>();
        Map.of("A", 10, "P", 5, "R", 12, "S", 8, "E", 14, "J", 13)
                .forEach((letter, count) ->
                        IntStream.rangeClosed(1, count).forEach(number -> expected.add(letter + number)));
        assertThat(tables.rows()).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void everyRowNamesATestByItsMethod() {
        tables.assertEveryRowNamesATestByItsMethod();
    }

    @Test
    void everyTestThatIsNamedExists() {
        tables.assertEveryTestThatIsNamedExists();
    }
}
