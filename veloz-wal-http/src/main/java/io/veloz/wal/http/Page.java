package io.veloz.wal.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The status page: one constant file, whose script fetches {@code /api/status} and inserts the values as text. The browser
 * runs the style and the script of the page only, by their hashes, and connects to this server only.
 */
final class Page {
    private static final String RESOURCE = "page.html";

    private Page() {}

    static Response load() {
        String html = resource();
        String policy = "default-src 'none'; style-src " + hash(html, "style") + "; script-src " + hash(html, "script")
                + "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        byte[] bytes = html.getBytes(StandardCharsets.UTF_8);
        return new Response(200, "text/html; charset=utf-8", policy, out -> out.write(bytes));
    }

    private static String resource() {
        try (InputStream in = Page.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is missing from the jar of veloz-wal-http");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(String html, String element) {
        String begin = "<" + element + ">";
        int from = html.indexOf(begin) + begin.length();
        String content = html.substring(from, html.indexOf("</" + element + ">", from));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
