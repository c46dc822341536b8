package io.veloz.wal.legacy;

import java.util.OptionalLong;

/** The names of an old log's files. Stateless; any thread may use it. */
final class LegacyNames {
    static final String SUFFIX = ".wal";
    private static final int DIGITS = 16;

    private LegacyNames() {}

    /** Whether the engine would read a file of this name. */
    static boolean isOfLog(String name, String prefix) {
        return name.startsWith(prefix + "_") && name.endsWith(SUFFIX);
    }

    /** Whether the engine, or the layout that its documents describe, has files of this name. */
    static boolean isKnown(String name, String prefix) {
        return number(name, prefix).isPresent() || name.equals(prefix + "_current" + SUFFIX);
    }

    /** The number in the name: the sequence already written when the file was opened. */
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
