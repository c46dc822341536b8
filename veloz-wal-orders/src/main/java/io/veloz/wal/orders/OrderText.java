package io.veloz.wal.orders;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Lossless conversion between bytes and text. Stateless and thread-safe.
 *
 * <p>Valid UTF-8 is decoded as usual. Old logs also contain ids that are not valid UTF-8: each invalid byte {@code b} is
 * decoded as the lone low surrogate {@code U+DC00 + b} (U+DC80 to U+DCFF), which no valid UTF-8 can produce, and is encoded
 * as that byte again.
 */
public final class OrderText {
    private static final char REPLACEMENT = '\uFFFD';
    private static final int ESCAPE = 0xDC00;

    private OrderText() {}

    /** Decodes bytes. Accepts any bytes and never fails. */
    public static String decode(byte[] bytes, int from, int length) {
        String text = new String(bytes, from, length, UTF_8);
        // The JDK decodes invalid bytes as U+FFFD. A text without it is exact.
        return text.indexOf(REPLACEMENT) < 0 ? text : decodeEscaping(bytes, from, from + length);
    }

    private static String decodeEscaping(byte[] bytes, int from, int end) {
        StringBuilder text = new StringBuilder(end - from);
        int at = from;
        while (at < end) {
            int length = sequenceLength(bytes, at, end);
            if (length == 0) {
                text.append((char) (ESCAPE + (bytes[at] & 0xFF)));
                at++;
            } else {
                text.append(new String(bytes, at, length, UTF_8));
                at += length;
            }
        }
        return text.toString();
    }

    /** Returns the length of the well-formed sequence at {@code at} (Unicode, table 3-7), or 0 if it is ill-formed. */
    private static int sequenceLength(byte[] bytes, int at, int end) {
        int first = bytes[at] & 0xFF;
        if (first < 0x80) {
            return 1;
        }
        int length =
                first >= 0xC2 && first <= 0xDF ? 2 : first >> 4 == 0xE ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
        if (length == 0 || at + length > end) {
            return 0;
        }
        for (int i = 1; i < length; i++) {
            if ((bytes[at + i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        int second = bytes[at + 1] & 0xFF;
        boolean wellFormed = switch (first) {
            case 0xE0 -> second >= 0xA0;
            case 0xED -> second <= 0x9F;
            case 0xF0 -> second >= 0x90;
            case 0xF4 -> second <= 0x8F;
            default -> true;
        };
        return wellFormed ? length : 0;
    }

    /**
     * Encodes a text.
     *
     * @throws IllegalArgumentException if it contains a lone surrogate that does not represent a byte
     */
    public static byte[] encode(String text) {
        return hasSurrogate(text) ? encodeEscaped(text) : text.getBytes(UTF_8);
    }

    private static byte[] encodeEscaped(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length() + 16);
        int at = 0;
        while (at < text.length()) {
            int point = text.codePointAt(at);
            int width = Character.charCount(point);
            if (point >= ESCAPE + 0x80 && point <= ESCAPE + 0xFF) {
                bytes.write(point - ESCAPE);
            } else if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                throw new IllegalArgumentException(
                        String.format(Locale.ROOT, "lone surrogate U+%04X at %d does not represent a byte", point, at));
            } else {
                bytes.writeBytes(text.substring(at, at + width).getBytes(UTF_8));
            }
            at += width;
        }
        return bytes.toByteArray();
    }

    private static boolean hasSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    /** Returns the text as it will be decoded again: escapes that form valid UTF-8 become the character. */
    static String checked(String field, @Nullable String text) {
        String present = requirePresent(field, text);
        if (!hasSurrogate(present)) {
            return present;
        }
        try {
            byte[] bytes = encodeEscaped(present);
            return decode(bytes, 0, bytes.length);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(field + ": " + e.getMessage(), e);
        }
    }

    static <T> T requirePresent(String field, @Nullable T value) {
        if (value == null) {
            throw new IllegalArgumentException(field + " is null");
        }
        return value;
    }
}
