package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShortestDecimalTest {
    /** Same as repr of CPython, without a ".0". */
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-0.0, -0",
        "1, 1",
        "-50000.5, -50000.5",
        "0.1, 0.1",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "1e15, 1000000000000000",
        "123456789012345680, 1.2345678901234568e+17",
        "2e23, 2e+23",
        "4.657437633079009e+25, 4.657437633079009e+25",
        "1.0735946230361848e-21, 1.0735946230361848e-21",
        "5.684341886080802e-14, 5.684341886080802e-14",
        "4.9e-324, 5e-324",
        "2.2250738585072014e-308, 2.2250738585072014e-308",
        "1.7976931348623157e308, 1.7976931348623157e+308",
        "50007.375, 50007.375",
        "0.9999999999999999, 0.9999999999999999"
    })
    void decimalIsTheShortest(double value, String expected) {
        assertThat(ShortestDecimal.of(value)).isEqualTo(expected);
    }

    @Test
    void everyDecimalIsParsedAsTheSameDouble() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            if (Double.isFinite(value)) {
                String text = ShortestDecimal.of(value);
                assertThat(Double.parseDouble(text))
                        .as("%s, seed %d", text, seed)
                        .isEqualTo(value);
                assertThat(text.length())
                        .as("%s, seed %d", text, seed)
                        .isLessThanOrEqualTo(Double.toString(value).length() + 2);
            }
        }
    }
}
