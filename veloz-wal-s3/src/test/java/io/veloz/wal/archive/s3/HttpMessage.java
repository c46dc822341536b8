package io.veloz.wal.archive.s3;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An HTTP request or response.
 *
 * @param head the lines of the head as received, without line terminators
 * @param body the body; empty if it was not read yet
 */
public record HttpMessage(List<String> head, byte[] body) {
    private static final int HEAD_MAX_BYTES = 64 * 1024;

    /** Null at the end of the connection. */
    static HttpMessage readHead(InputStream in) throws IOException {
        List<String> lines = new ArrayList<>();
        int total = 0;
        while (true) {
            String line = readLine(in);
            if (line == null) {
                return null;
            }
            total += line.length();
            if (line.isEmpty()) {
                return new HttpMessage(lines, new byte[0]);
            }
            if (total > HEAD_MAX_BYTES) {
                throw new IOException("head is too long");
            }
            lines.add(line);
        }
    }

    private static String readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            if (b == '\n') {
                return line.toString(StandardCharsets.ISO_8859_1).replace("\r", "");
            }
            line.write(b);
        }
        return null;
    }

    /** Reads the body, up to the length in the head or to the end of the connection. */
    HttpMessage withBody(InputStream in) throws IOException {
        String length = header("content-length");
        if ("chunked".equals(header("transfer-encoding").toLowerCase(Locale.ROOT))) {
            return new HttpMessage(head, readChunks(in));
        }
        if (length.isEmpty()) {
            return new HttpMessage(head, isRequest() ? new byte[0] : in.readAllBytes());
        }
        byte[] body = in.readNBytes(Integer.parseInt(length));
        if (body.length < Integer.parseInt(length)) {
            throw new EOFException("body ends early");
        }
        return new HttpMessage(head, body);
    }

    private static byte[] readChunks(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            String size = readLine(in);
            if (size == null) {
                throw new EOFException("chunks end early");
            }
            int length = Integer.parseInt(size.split(";", 2)[0].trim(), 16);
            body.write(in.readNBytes(length));
            readLine(in);
            if (length == 0) {
                return body.toByteArray();
            }
        }
    }

    private boolean isRequest() {
        return !head.get(0).startsWith("HTTP/");
    }

    public String method() {
        return head.get(0).split(" ", 3)[0];
    }

    /** Returns the path with its query. */
    public String path() {
        return head.get(0).split(" ", 3)[1];
    }

    /** Returns a header by its name in lower case; empty if it is absent. */
    public String header(String name) {
        for (String line : head) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).toLowerCase(Locale.ROOT).equals(name)) {
                return line.substring(colon + 1).trim();
            }
        }
        return "";
    }

    /** Returns the head without hop-by-hop headers, and with additional lines. */
    byte[] headBytes(String... more) {
        StringBuilder text = new StringBuilder();
        for (String line : head) {
            String lower = line.toLowerCase(Locale.ROOT);
            if (!lower.startsWith("connection:")
                    && !lower.startsWith("keep-alive:")
                    && !lower.startsWith("transfer-encoding:")
                    && !lower.startsWith("content-length:")) {
                text.append(line).append("\r\n");
            }
        }
        for (String line : more) {
            text.append(line).append("\r\n");
        }
        return text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
