package io.veloz.wal.legacy;

import java.util.OptionalLong;

/** The file names of an old log. Stateless and thread-safe. */
final class LegacyNames {
    static final String SUFFIX = ".wal";
    private static final int DIGITS = 16;

    private LegacyNames() {}

    /** Whether the engine would read a file of this name. */
    static boolean isOfLog(String name, String prefix) {
        return name.startsWith(prefix + "_") && name.endsWith(SUFFIX);
    }

    /** Whether the engine uses this file name, or its documents describe it. */
    static boolean isKnown(String name, String prefix) {
        return number(name, prefix).isPresent() || name.equals(prefix + "_current" + SUFFIX);
    }

    /** Returns the number in the name: the last sequence written before the file was created. */
    static OptionalLong number(String name, String prefix) {
        int from = prefix.length() + 1;
        int until = name.length() - SUFFIX.length();
        if (!isOfLog(name, prefix) || until - from != DIGITS) {
            return OptionalLong.empty();
        }
        long number = 0;
        for (int i = from; i < until; i++) {
            int digit = name.charAt(i) < 0x80 ? Character.digit(name.charAt(i), 16) : -1;
            if (digit < 0) {
                return OptionalLong.empty();
            }
            number = (number << 4) | digit;
        }
        return OptionalLong.of(number);
    }
}
