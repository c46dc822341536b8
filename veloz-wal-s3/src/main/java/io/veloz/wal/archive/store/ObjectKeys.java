package io.veloz.wal.archive.store;

/** What a key may look like, in every store alike. Any thread may call any method. */
public final class ObjectKeys {
    private static final int KEY_MAX_CHARS = 512;
    private static final int PART_MAX_CHARS = 200;

    private ObjectKeys() {}

    /**
     * Returns the key if it is one: parts of letters, digits and {@code . _ -}, with one slash between them, none of them
     * beginning with a dot; up to 512 characters, up to 200 a part.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static String require(String key) {
        String problem = problem(key);
        if (!problem.isEmpty()) {
            throw new IllegalArgumentException("key \"" + printable(key) + "\": " + problem
                    + "; expected parts of letters, digits and \"._-\" with one slash between them, none beginning with"
                    + " a dot");
        }
        return key;
    }

    /** Whether it is a key. What else lies in a store belongs to others, and is neither listed nor touched. */
    public static boolean isKey(String key) {
        return problem(key).isEmpty();
    }

    private static String printable(String key) {
        String cut = key.length() > KEY_MAX_CHARS ? key.substring(0, KEY_MAX_CHARS) + "…" : key;
        return cut.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?");
    }

    private static String problem(String key) {
        if (key.isEmpty()) {
            return "is empty";
        }
        if (key.length() > KEY_MAX_CHARS) {
            return "has " + key.length() + " characters, and the most is " + KEY_MAX_CHARS;
        }
        int partStart = 0;
        for (int i = 0; i <= key.length(); i++) {
            if (i < key.length() && key.charAt(i) != '/') {
                if (!isAllowed(key.charAt(i))) {
                    return "has a character that is not allowed at " + i;
                }
                continue;
            }
            if (i == partStart) {
                return "has an empty part";
            }
            if (key.charAt(partStart) == '.') {
                return "has a part that begins with a dot";
            }
            if (i - partStart > PART_MAX_CHARS) {
                return "has a part of " + (i - partStart) + " characters, and the most is " + PART_MAX_CHARS;
            }
            partStart = i + 1;
        }
        return "";
    }

    private static boolean isAllowed(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == '-';
    }
}
