package io.veloz.wal.ops;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Buffered standard output in UTF-8. Not thread-safe.
 *
 * <p>Every method throws {@link ClosedOutputException} if the reader has closed the output, and
 * {@link UncheckedIOException} if the output cannot be written for another reason, such as a full disk.
 */
final class Output {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int LONGEST_NUMBER = 20;

    private final OutputStream stream;
    private final byte[] buffer = new byte[64 * 1024];
    private int size;

    Output(OutputStream stream) {
        this.stream = stream;
    }

    Output text(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                // A lone surrogate represents an invalid UTF-8 byte. It is printed as a replacement character.
                bytes(text.substring(i).getBytes(StandardCharsets.UTF_8));
                return this;
            }
            character(c);
        }
        return this;
    }

    /** Writes bytes in UTF-8. */
    void bytes(byte[] bytes) {
        for (byte b : bytes) {
            character(b);
        }
    }

    /** Writes one ASCII character. */
    Output character(int c) {
        if (size == buffer.length) {
            drain();
        }
        buffer[size++] = (byte) c;
        return this;
    }

    /** Writes a decimal number without allocating. */
    Output number(long number) {
        if (number < 0) {
            return text(Long.toString(number));
        }
        if (buffer.length - size < LONGEST_NUMBER) {
            drain();
        }
        int digits = 1;
        for (long rest = number / 10; rest > 0; rest /= 10) {
            digits++;
        }
        long rest = number;
        for (int at = size + digits - 1; at >= size; at--) {
            buffer[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        size += digits;
        return this;
    }

    /** Writes eight hex digits without allocating. */
    Output hex(int word) {
        for (int shift = 28; shift >= 0; shift -= 4) {
            character(HEX[(word >>> shift) & 0xF]);
        }
        return this;
    }

    /** Writes two hex digits. */
    Output hexByte(int b) {
        return character(HEX[(b >>> 4) & 0xF]).character(HEX[b & 0xF]);
    }

    Output line(String text) {
        return text(text).character('\n');
    }

    Output lineOf(String format, Object... values) {
        return line(String.format(Locale.ROOT, format, values));
    }

    /** Passes all buffered bytes to the operating system. */
    void flush() {
        drain();
        try {
            stream.flush();
        } catch (IOException e) {
            throw translate(e);
        }
    }

    private void drain() {
        int bytes = size;
        // Cleared first: bytes that could not be written must not be written again by the final flush.
        size = 0;
        try {
            stream.write(buffer, 0, bytes);
        } catch (IOException e) {
            throw translate(e);
        }
    }

    private static RuntimeException translate(IOException e) {
        boolean closed = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("pipe");
        return closed
                ? new ClosedOutputException(e)
                : new UncheckedIOException("cannot write to standard output: " + e.getMessage(), e);
    }
}
