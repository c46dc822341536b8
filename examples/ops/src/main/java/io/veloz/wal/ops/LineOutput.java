package io.veloz.wal.ops;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Lines that are on their way as soon as they are said, each with one write. Any thread may say one. */
final class LineOutput {
    private final OutputStream stream;

    LineOutput(OutputStream stream) {
        this.stream = stream;
    }

    /** Throws {@link ClosedOutputException} if it cannot be said: a test that nobody can follow is over. */
    void say(String line) {
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

    void say(String word, long sequence, int checksum) {
        say(word + ' ' + sequence + ' ' + hex(checksum));
    }

    private static String hex(int word) {
        return String.format(Locale.ROOT, "%08x", word);
    }
}
