package io.veloz.wal.archive.store;

/** The syntax of object keys, which is the same in every store. Thread-safe. */
public final class ObjectKeys {
    private static final int KEY_MAX_CHARS = 512;
    private static final int PART_MAX_CHARS = 200;

    private ObjectKeys() {}

    /**
     * Returns the key if it is valid: parts of letters, digits and {@code . _ -}, separated by single slashes, none of them
     * starting with a dot. A key has up to 512 characters, a part up to 200.
     *
     * @throws IllegalArgumentException if the key is invalid
     */
    public static String require(String key) {
        String problem = problem(key);
        if (!problem.isEmpty()) {
            throw new IllegalArgumentException("key \"" + printable(key) + "\": " + problem
                    + "; expected parts of letters, digits and \"._-\" separated by single slashes, none starting with"
                    + " a dot");
        }
        return key;
    }

    /** Returns whether a key is valid. Objects with other names are neither listed nor changed. */
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
            return "has " + key.length() + " characters; the limit is " + KEY_MAX_CHARS;
        }
        int partStart = 0;
        for (int i = 0; i <= key.length(); i++) {
            if (i < key.length() && key.charAt(i) != '/') {
                if (!isAllowed(key.charAt(i))) {
                    return "has an invalid character at " + i;
                }
                continue;
            }
            if (i == partStart) {
                return "has an empty part";
            }
            if (key.charAt(partStart) == '.') {
                return "has a part that starts with a dot";
            }
            if (i - partStart > PART_MAX_CHARS) {
                return "has a part of " + (i - partStart) + " characters; the limit is " + PART_MAX_CHARS;
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
