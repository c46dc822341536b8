package io.veloz.wal.archive.internal.format;

/** An object of the archive was written by a newer version, whose format this one does not know. */
public final class UnknownArchiveFormatException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private UnknownArchiveFormatException(String message) {
        super(message);
    }

    static UnknownArchiveFormatException ofKind(String where, String kind) {
        return new UnknownArchiveFormatException(
                where + ": a slot of the unknown kind \"" + Text.printable(kind) + "\": use a newer library");
    }

    static void check(String where, long format, long known) {
        if (format != known) {
            throw new UnknownArchiveFormatException(
                    where + ": archive format " + format + "; this library knows " + known + ": use a newer one");
        }
    }
}
