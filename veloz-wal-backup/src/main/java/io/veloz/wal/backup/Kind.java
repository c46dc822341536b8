package io.veloz.wal.backup;

import java.util.Arrays;
import java.util.Locale;

/** The content of an attachment of a recovery point. */
public enum Kind {
    /** The engine's configuration files. */
    CONFIGURATION("tar"),

    /** A PostgreSQL database, as {@code pg_dump} writes it in its custom format. */
    DATABASE("dump"),

    /** The roles that the database needs, without passwords. Backed up together with the database. */
    ROLES("sql"),

    /** Keys, credentials and {@code .env} files. */
    SECRETS("tar"),

    /** Secrets of a key-value engine of Vault, with their versions. */
    VAULT("jsonl");

    private final String format;

    Kind(String format) {
        this.format = format;
    }

    /** Returns the name of this kind in recovery points, object keys and on the command line. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the suffix of the encrypted message: the format of the content, and {@code gpg}. */
    public String suffix() {
        return format + ".gpg";
    }

    /** Returns whether an attachment of this kind is a tar of files. */
    public boolean isTree() {
        return this == CONFIGURATION || this == SECRETS;
    }

    /**
     * Returns the kind with this label.
     *
     * @throws IllegalArgumentException if there is no such kind
     */
    public static Kind of(String label) {
        for (Kind kind : values()) {
            if (kind.label().equals(label)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("kind \"" + label + "\": expected one of "
                + Arrays.stream(values()).map(Kind::label).toList());
    }
}
