package io.veloz.wal.ops;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Standard output, buffered, in UTF-8. It belongs to one thread.
 *
 * <p>Every method throws {@link ClosedOutputException} when nobody reads any more, and {@link UncheckedIOException} when
 * the output cannot be written for another reason, such as a full disk.
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
                // A lone surrogate stands for a byte that is no UTF-8; here it can only be shown.
                bytes(text.substring(i).getBytes(StandardCharsets.UTF_8));
                return this;
            }
            character(c);
        }
        return this;
    }

    private void bytes(byte[] bytes) {
        for (byte b : bytes) {
            character(b);
        }
    }

    /** One character of ASCII. */
    Output character(int c) {
        if (size == buffer.length) {
            drain();
        }
        buffer[size++] = (byte) c;
        return this;
    }

    /** In decimal, without allocating. */
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

    /** Eight hex digits, without allocating. */
    Output hex(int word) {
        for (int shift = 28; shift >= 0; shift -= 4) {
            character(HEX[(word >>> shift) & 0xF]);
        }
        return this;
    }

    /** Two hex digits. */
    Output hexByte(int b) {
        return character(HEX[(b >>> 4) & 0xF]).character(HEX[b & 0xF]);
    }

    Output line(String text) {
        return text(text).character('\n');
    }

    Output lineOf(String format, Object... values) {
        return line(String.format(Locale.ROOT, format, values));
    }

    /** Hands everything to the operating system. */
    void flush() {
        drain();
        try {
            stream.flush();
        } catch (IOException e) {
            throw told(e);
        }
    }

    private void drain() {
        int bytes = size;
        // Forgotten first: what could not be written must not be tried again at the end.
        size = 0;
        try {
            stream.write(buffer, 0, bytes);
        } catch (IOException e) {
            throw told(e);
        }
    }

    private static RuntimeException told(IOException e) {
        boolean nobodyReads =
                String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("pipe");
        return nobodyReads
                ? new ClosedOutputException(e)
                : new UncheckedIOException("cannot write to standard output: " + e.getMessage(), e);
    }
}
