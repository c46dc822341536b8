package io.veloz.wal.testkit;

/**
 * One call of a storage.
 *
 * @param number 1 for the first call after the storage was made
 * @param kind which method
 * @param file the name of the file, or the name the method was given; "" for the directory
 */
public record Operation(long number, Kind kind, String file) {

    /** The methods of a storage and its files. */
    public enum Kind {
        LIST,
        CREATE,
        OPEN,
        READ,
        WRITE,
        TRUNCATE,
        SIZE,
        FORCE,
        CLOSE,
        RENAME,
        DELETE,
        FORCE_DIRECTORY,
        LOCK
    }

    @Override
    public String toString() {
        return number + " " + kind + (file.isEmpty() ? "" : " " + file);
    }
}
