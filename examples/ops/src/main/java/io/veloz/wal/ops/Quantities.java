package io.veloz.wal.ops;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses durations, sizes and times of the command line. Stateless. */
final class Quantities {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
    private static final Pattern BYTES = Pattern.compile("(\\d{1,18})([kmgt]?)(?:i?b)?");
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long FIRST_PLAUSIBLE_NANOS = 315_532_800L * NANOS_PER_SECOND;

    private Quantities() {}

    /** A positive duration: {@code 500ms}, {@code 30s}, {@code 2m}, {@code 1h}. */
    static final class Time implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            Matcher matcher = DURATION.matcher(text);
            if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
                throw new TypeConversionException("\"" + text + "\": expected a duration such as 500ms, 30s, 2m or 1h");
            }
            long number = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                default -> Duration.ofHours(number);
            };
        }
    }

    /** A positive size: {@code 65536}, {@code 512K}, {@code 10MiB}. Units are powers of 1,024. */
    static final class Bytes implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            Matcher matcher = BYTES.matcher(text.toLowerCase(Locale.ROOT));
            if (matcher.matches()) {
                int power = " kmgt"
                        .indexOf(
                                matcher.group(2).isEmpty()
                                        ? ' '
                                        : matcher.group(2).charAt(0));
                long number = Long.parseLong(matcher.group(1));
                long unit = 1L << (10 * power);
                if (number > 0 && number <= Long.MAX_VALUE / unit) {
                    return number * unit;
                }
            }
            throw new TypeConversionException("\"" + text + "\": expected a size such as 65536, 512K or 10MiB");
        }
    }

    /** {@code 2026-11-22T07:12:41.5Z}, or nanoseconds since 1970 of 1980 or later. */
    static final class Moment implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            try {
                if (text.matches("\\d{1,19}")) {
                    return plausible(text, Long.parseLong(text));
                }
                Instant instant = Instant.parse(text);
                return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), NANOS_PER_SECOND), instant.getNano());
            } catch (DateTimeParseException | ArithmeticException | NumberFormatException e) {
                throw new TypeConversionException(
                        "\"" + text + "\": expected a time such as 2026-11-22T07:12:41.5Z, or nanoseconds since 1970");
            }
        }

        /** Rejects seconds, milliseconds and microseconds since 1970, which would be a time in January 1970. */
        private static long plausible(String text, long nanos) {
            if (nanos >= FIRST_PLAUSIBLE_NANOS) {
                return nanos;
            }
            long unit = nanos < 100_000_000_000L ? NANOS_PER_SECOND : nanos < 100_000_000_000_000L ? 1_000_000 : 1_000;
            String name = unit == NANOS_PER_SECOND ? "seconds" : unit == 1_000 ? "microseconds" : "milliseconds";
            Instant meant = Instant.ofEpochSecond(0, Math.multiplyExact(nanos, unit));
            throw new TypeConversionException("\"" + text + "\" as nanoseconds since 1970 is " + Units.time(nanos)
                    + "; if it is in " + name + ", use " + meant);
        }
    }
}
