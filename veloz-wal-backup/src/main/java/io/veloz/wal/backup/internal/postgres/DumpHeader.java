package io.veloz.wal.backup.internal.postgres;

import java.util.Arrays;
import java.util.Optional;

/** The first bytes of a dump in the custom format: {@code PGDMP}, major and minor version of the format. */
final class DumpHeader {
    static final int BYTES = 7;
    private static final byte[] MAGIC = {'P', 'G', 'D', 'M', 'P'};

    private DumpHeader() {}

    /** Returns the version of the format, as {@code 1.14}; empty if the bytes do not begin a dump. */
    static Optional<String> format(byte[] head) {
        if (head.length < BYTES || !Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            return Optional.empty();
        }
        return Optional.of(head[5] + "." + head[6]);
    }

    /** Returns whether a {@code pg_restore} of the version reads the format; later versions may read more. */
    static boolean readable(String format, int restoreVersion) {
        int major = restoreVersion / 10_000;
        int newest = major >= 17 ? 16 : major == 16 ? 15 : 14;
        String[] parts = format.split("\\.", -1);
        return major > 18 || (parts.length == 2 && parts[0].equals("1") && Integer.parseInt(parts[1]) <= newest);
    }
}
