package io.veloz.wal.independent;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.independent.IndependentLog.Verdict;
import io.veloz.wal.independent.IndependentSegment.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The formats can be read by whoever has the documents alone: two readers agree, and one of them is not the library's. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class IndependentReaderTest {
    private static final Path GOLDEN_LOGS = Path.of("../veloz-wal-core/src/test/resources/golden");

    @ParameterizedTest
    @ValueSource(strings = {"v1", "end-marks"})
    void goldenLogReadsAsItsTruthStates(String name) throws IOException {
        IndependentLog log = IndependentLog.read(GOLDEN_LOGS.resolve(name), "orders");

        List<String> read = Stream.concat(
                        log.records().stream().map(IndependentReaderTest::line),
                        log.lost().stream().map(loss -> "lost " + loss.first() + " to " + loss.last()))
                .toList();
        assertThat(read).isEqualTo(Files.readAllLines(GOLDEN_LOGS.resolve(name).resolve("expected.txt")));
        assertThat(log.verdict()).as(log.findings()).isEqualTo(Verdict.SOUND);
    }

    private static String line(Entry entry) {
        return String.format(
                "%d %d %d %s %d %08x",
                entry.sequence(),
                entry.type(),
                entry.timestamp(),
                entry.group() ? "+" : ".",
                entry.length(),
                entry.payloadCrc());
    }
}
