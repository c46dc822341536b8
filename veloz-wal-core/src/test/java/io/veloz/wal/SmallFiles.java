package io.veloz.wal;

import java.nio.charset.StandardCharsets;

/** Finds positions in the bytes of a segment. */
final class SmallFiles {
    private SmallFiles() {}

    /** Returns the position of the payload of the last record with that text. */
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
