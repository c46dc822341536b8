package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class QuantitiesTest {
    @ParameterizedTest
    @CsvSource({"500ms, 500", "30s, 30000", "2m, 120000", "1h, 3600000"})
    void durationsHaveAUnit(String text, long millis) {
        assertThat(new Quantities.Time().convert(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "0s", "-1s", "1d", "1.5s", "9999999999s"})
    void otherDurationsAreRejected(String text) {
        assertThatThrownBy(() -> new Quantities.Time().convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @ParameterizedTest
    @CsvSource({"65536, 65536", "512K, 524288", "10MiB, 10485760", "10mb, 10485760", "2g, 2147483648", "7b, 7"})
    void sizesMayHaveAUnit(String text, long bytes) {
        assertThat(new Quantities.Bytes().convert(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "1.5M", "10X", "999999999999999999T"})
    void otherSizesAreRejected(String text) {
        assertThatThrownBy(() -> new Quantities.Bytes().convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void timesAreInUtcOrNanoseconds() {
        assertThat(new Quantities.Moment().convert("1970-01-01T00:00:01.5Z")).isEqualTo(1_500_000_000L);
        assertThat(new Quantities.Moment().convert("1771113600000000000")).isEqualTo(1_771_113_600_000_000_000L);
        assertThatThrownBy(() -> new Quantities.Moment().convert("yesterday"))
                .isInstanceOf(TypeConversionException.class);
    }

    @ParameterizedTest
    @CsvSource({"1771113600, seconds", "1771113600000, milliseconds", "1771113600000000, microseconds"})
    void otherUnitsThanNanosecondsAreRejectedWithTheIntendedTime(String text, String unit) {
        assertThatThrownBy(() -> new Quantities.Moment().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContainingAll("1970-01-", "if it is in " + unit, "2026-02-15T00:00:00Z");
    }
}
