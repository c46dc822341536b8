package io.veloz.wal.backup;

import java.util.Locale;

/** What an attachment of a recovery point is a copy of. */
public enum Kind {
    /** The engine's configuration files. */
    CONFIGURATION,

    /** Keys, credentials and {@code .env} files. */
    SECRETS;

    /** As it is written in a point, in object keys and on the command line. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * @throws IllegalArgumentException if there is no such kind
     */
    public static Kind of(String label) {
        for (Kind kind : values()) {
            if (kind.label().equals(label)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("kind \"" + label + "\": expected configuration or secrets");
    }
}
