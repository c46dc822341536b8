package io.veloz.wal.testkit;

/**
 * One call of a storage.
 *
 * @param number 1 for the first call after the storage was created
 * @param kind the called method
 * @param file the current name of the file, or the name passed to the method; "" for the directory
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
