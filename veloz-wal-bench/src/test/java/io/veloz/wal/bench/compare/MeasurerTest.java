package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.bench.process.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeasurerTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(120);
    private static final Plan.Measurement ASYNC =
            new Plan.Measurement(2, "async", ComparedLog.of(List.of("h2")).get(0));

    private static List<Row> rows(int exitCode, boolean timedOut, String stdout, String stderr) {
        return Measurer.rows(ASYNC, new Outcome(exitCode, timedOut, TIMEOUT, stdout, stderr));
    }

    private static Row failed(String reason) {
        return new Row(2, "async", "h2", Row.FAILED, reason);
    }

    @Test
    void eachMetricIsARow() {
        assertThat(rows(0, false, "ops 1000.500\nnanos 999.500\nallocated_bytes 0.000\n", ""))
                .containsExactly(
                        new Row(2, "async", "h2", "ops", "1000.500"),
                        new Row(2, "async", "h2", "nanos", "999.500"),
                        new Row(2, "async", "h2", "allocated_bytes", "0.000"));
    }

    @Test
    void linesOfALibraryAreIgnored() {
        assertThat(rows(0, false, "Welcome 3\nops 1.000\nthreads 7\nnanos 2.000\nallocated_bytes 3.000\n", ""))
                .extracting(Row::metric)
                .containsExactly("ops", "nanos", "allocated_bytes");
    }

    @Test
    void childThatFailsIsARowWithTheReason() {
        assertThat(rows(1, false, "ops 1.000\n", "Exception in thread \"main\" java.io.IOException: disk\n"))
                .containsExactly(failed("exit code 1: java.io.IOException: disk"));
    }

    @Test
    void operationThatALogLacksIsNotAFailure() {
        assertThat(
                        rows(
                                1,
                                false,
                                "",
                                "Exception in thread \"main\" java.lang.UnsupportedOperationException: no thread commits\n\tat a.B\n"))
                .containsExactly(new Row(2, "async", "h2", Row.UNSUPPORTED, "no thread commits"));
    }

    @Test
    void childThatHangsIsARowWithTheReason() {
        assertThat(rows(137, true, "", "")).containsExactly(failed("did not end within 120 s"));
    }

    @Test
    void garbageIsARowWithTheReason() {
        assertThat(rows(0, false, "ops NaN\nnanos 2.000\n\nhello", ""))
                .containsExactly(failed("printed no ops, allocated_bytes; stdout: ops NaN nanos 2.000 hello"));
    }

    @Test
    void reasonIsShort() {
        assertThat(rows(0, false, "x".repeat(10_000), "").get(0).value()).hasSizeLessThan(500);
    }

    @Test
    void progressStatesRoundWorkloadLogAndRate() {
        assertThat(Comparison.progress(3, ASYNC, List.of(new Row(2, "async", "h2", "ops", "46923.4"))))
                .isEqualTo("round 2 of 3, async, h2: 46,923/s");
        assertThat(Comparison.progress(3, ASYNC, List.of(failed("exit code 1"))))
                .isEqualTo("round 2 of 3, async, h2: failed: exit code 1");
    }
}
