package io.veloz.wal.backup.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.docs.TestedTables;
import java.io.IOException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The failures in docs/disaster-recovery.md: each row exists once, and the tests that it names exist. */
class FailureTableTest {
    private static TestedTables tables;

    @BeforeAll
    static void read() throws IOException {
        tables = new TestedTables("disaster-recovery.md", "FX", "veloz-wal-backup", "examples/ops");
    }

    @Test
    void everyRowExistsOnce() {
        assertThat(tables.rows())
                .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 12)
                        .boxed()
                        .flatMap(row -> Stream.of("F" + row, "X" + row))
                        .toList());
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
