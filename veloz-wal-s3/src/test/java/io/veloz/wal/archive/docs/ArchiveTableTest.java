package io.veloz.wal.archive.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.docs.TestedTables;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The guarantees in docs/archive.md: each row exists once, and the tests that it names exist. */
class ArchiveTableTest {
    private static TestedTables tables;

    @BeforeAll
    static void read() throws IOException {
        tables = new TestedTables("archive.md", "W", "veloz-wal-s3", "veloz-wal-testkit");
    }

    @Test
    void everyRowExistsOnce() {
        assertThat(tables.rows())
                .containsAll(List.of("W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W10", "W11", "W12"))
                .doesNotHaveDuplicates();
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
