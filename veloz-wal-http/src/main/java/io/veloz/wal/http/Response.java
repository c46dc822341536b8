package io.veloz.wal.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * A response: status, type, and content that is written to the client as it is produced. Immutable.
 *
 * @param policy the Content-Security-Policy
 */
record Response(int status, String contentType, String policy, Content content) {
    private static final String NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'";

    /** Writes the content of a response. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    static Response json(int status, Content content) {
        return new Response(status, "application/json", NOTHING_ALLOWED, content);
    }

    static Response json(int status, String json) {
        return json(status, out -> out.write((json + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    static Response text(int status, String text) {
        return text(status, "text/plain; charset=utf-8", text + "\n");
    }

    static Response text(int status, String contentType, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Response(status, contentType, NOTHING_ALLOWED, out -> out.write(bytes));
    }
}
