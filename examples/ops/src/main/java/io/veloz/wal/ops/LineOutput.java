package io.veloz.wal.ops;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Unbuffered output of lines, each with one write. Thread-safe. */
final class LineOutput {
    private final OutputStream stream;

    LineOutput(OutputStream stream) {
        this.stream = stream;
    }

    /** Throws {@link ClosedOutputException} if the line cannot be written, which ends the test. */
    void println(String line) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        synchronized (stream) {
            try {
                stream.write(bytes);
                stream.flush();
            } catch (IOException e) {
                throw new ClosedOutputException(e);
            }
        }
    }

    void println(String word, long sequence, int checksum) {
        println(word + ' ' + sequence + ' ' + hex(checksum));
    }

    private static String hex(int word) {
        return String.format(Locale.ROOT, "%08x", word);
    }
}
