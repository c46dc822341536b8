package io.veloz.wal.archive.internal.format;

/** An object of the archive has a format that this version of the library does not know. */
public final class UnknownArchiveFormatException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private UnknownArchiveFormatException(String message) {
        super(message);
    }

    static UnknownArchiveFormatException ofKind(String where, String kind) {
        return new UnknownArchiveFormatException(
                where + ": unknown kind of slot \"" + Text.printable(kind) + "\"; use a newer version of this library");
    }

    static void check(String where, long format, long oldest, long newest) {
        if (format < oldest || format > newest) {
            String known = oldest == newest ? "" + newest : oldest + " to " + newest;
            throw new UnknownArchiveFormatException(
                    where + ": archive format " + format + "; this library knows " + known + "; use a newer version");
        }
    }
}
