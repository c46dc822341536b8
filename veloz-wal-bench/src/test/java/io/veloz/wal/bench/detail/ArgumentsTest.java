package io.veloz.wal.bench.detail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {
    private static Arguments parse(String... arguments) {
        return new Arguments(ArgumentsTest.class, "Measures nothing.")
                .number("turns", "5", "1", "number of turns")
                .number("sizes", "1,10", "1", "sizes")
                .parse(arguments);
    }

    @Test
    void numbersHaveADefaultForAFullRunAndOneForASmokeRun() {
        assertThat(parse().number("turns")).isEqualTo(5);
        assertThat(parse().numbers("sizes")).containsExactly(1, 10);
        assertThat(parse("--smoke").number("turns")).isEqualTo(1);
        assertThat(parse("--smoke").numbers("sizes")).containsExactly(1);
    }

    @Test
    void givenNumberReplacesBothDefaults() {
        assertThat(parse("--turns", "7").number("turns")).isEqualTo(7);
        assertThat(parse("--turns", "7", "--smoke").number("turns")).isEqualTo(7);
    }

    @Test
    void directoryIsTheTemporaryOneUnlessItIsGiven() {
        assertThat(parse().directory()).isEmpty();
        assertThat(parse("--dir", "/data").directory()).isEqualTo("/data");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "0", "-1", "1,", "", "99999999999"})
    void valueThatIsNoPositiveNumberIsRejected(String value) {
        assertThatThrownBy(() -> parse("--turns", value).number("turns"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("--turns " + value + ": expected numbers of 1 or more");
    }

    @Test
    void severalNumbersWhereOneIsExpectedAreRejected() {
        assertThatThrownBy(() -> parse("--turns", "1,2").number("turns"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("--turns: expected one number, got [1, 2]");
    }

    @Test
    void unknownArgumentIsRejectedWithTheUsage() {
        assertThatThrownBy(() -> parse("--turn", "1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("unknown argument --turn")
                .hasMessageContaining("--turns: number of turns (default 5; smoke 1)");
    }

    @Test
    void argumentWithoutAValueIsRejected() {
        assertThatThrownBy(() -> parse("--turns"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--turns has no value");
    }

    @Test
    void helpPrintsTheUsage() {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        assertThat(parse("--help").printsHelp(out)).isTrue();
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("Measures nothing.", "[--smoke] [--dir DIR] [--turns N] [--sizes N]");
        assertThat(parse().printsHelp(out)).isFalse();
    }
}
