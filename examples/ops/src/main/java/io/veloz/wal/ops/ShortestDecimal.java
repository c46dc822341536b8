package io.veloz.wal.ops;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Formats the shortest decimal that is parsed as the same double, as the engine's tools do: no decimal point without a
 * fraction, an exponent below 0.0001 and from 1e16. Stateless. {@link Double#toString} does not always return the shortest
 * decimal before JDK 19, and never fewer than two digits.
 */
final class ShortestDecimal {
    /** Decimals with this many digits are always distinct doubles. A double may need more digits, but at most 17. */
    private static final int CERTAIN_DIGITS = 15;

    private static final double LARGEST_WHOLE = 1e15;
    private static final int PLAIN_EXPONENT_MIN = -4;
    private static final int PLAIN_EXPONENT_MAX = 15;

    private ShortestDecimal() {}

    /** @param value a finite number */
    static String of(double value) {
        if (value == Math.rint(value) && Math.abs(value) < LARGEST_WHOLE) {
            return value == 0 && 1 / value < 0 ? "-0" : Long.toString((long) value);
        }
        return format(shortest(value).stripTrailingZeros());
    }

    private static BigDecimal shortest(double value) {
        BigDecimal exact = new BigDecimal(value);
        int digits = Math.abs(value) < Double.MIN_NORMAL ? 1 : CERTAIN_DIGITS;
        for (; digits < 17; digits++) {
            // Doubles are denser below a power of two than above it. So the nearest decimal may be parsed as a
            // different
            // double, although the next one on the other side is not.
            for (RoundingMode mode : new RoundingMode[] {RoundingMode.HALF_EVEN, RoundingMode.UP, RoundingMode.DOWN}) {
                BigDecimal rounded = exact.round(new MathContext(digits, mode));
                if (rounded.doubleValue() == value) {
                    return rounded;
                }
            }
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN));
    }

    private static String format(BigDecimal number) {
        int exponent = number.precision() - number.scale() - 1;
        if (exponent >= PLAIN_EXPONENT_MIN && exponent <= PLAIN_EXPONENT_MAX) {
            return number.toPlainString();
        }
        String digits = number.unscaledValue().abs().toString();
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        String sign = exponent < 0 ? "-" : "+";
        String power = (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        return (number.signum() < 0 ? "-" : "") + digits.charAt(0) + fraction + "e" + sign + power;
    }
}
