package io.veloz.wal;

import java.nio.charset.StandardCharsets;

/** Looks for places in the bytes of a segment. */
final class SmallFiles {
    private SmallFiles() {}

    /** Where the last record with that text starts its payload. */
    static int lastRecordAt(byte[] bytes, String text) {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        for (int at = bytes.length - wanted.length; at >= 0; at--) {
            if (java.util.Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        throw new AssertionError("no record " + text);
    }
}
