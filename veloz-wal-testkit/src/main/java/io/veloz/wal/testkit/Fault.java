package io.veloz.wal.testkit;

import io.veloz.wal.testkit.Operation.Kind;

/** The fault of one {@link Operation}. */
public enum Fault {
    /** An I/O error. The operation had no effect or, if it is a write or a force, a partial one. */
    IO_ERROR,

    /** An I/O error, although the operation was completed. */
    IO_ERROR_AFTERWARDS,

    /** No space left on the disk. A write may have been partial. A force has failed as with an I/O error. */
    NO_ROOM,

    /** Too many open files. */
    TOO_MANY_FILES,

    /** A short write or read, whose result states the smaller count. */
    SHORT,

    /** A force that does nothing, and reports success. */
    LIE;

    /** Returns whether this fault can occur in operations of this kind. */
    public boolean isPossibleFor(Kind kind) {
        return switch (this) {
            case IO_ERROR -> kind != Kind.LOCK;
            case IO_ERROR_AFTERWARDS ->
                switch (kind) {
                    case CREATE, WRITE, TRUNCATE, FORCE, RENAME, DELETE, FORCE_DIRECTORY -> true;
                    default -> false;
                };
            case NO_ROOM -> kind == Kind.CREATE || kind == Kind.WRITE || kind == Kind.FORCE || kind == Kind.RENAME;
            case TOO_MANY_FILES ->
                kind == Kind.LIST || kind == Kind.CREATE || kind == Kind.OPEN || kind == Kind.FORCE_DIRECTORY;
            case SHORT -> kind == Kind.READ || kind == Kind.WRITE;
            case LIE -> kind == Kind.FORCE || kind == Kind.FORCE_DIRECTORY;
        };
    }
}
