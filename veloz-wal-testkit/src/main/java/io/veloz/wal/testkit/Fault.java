package io.veloz.wal.testkit;

import io.veloz.wal.testkit.Operation.Kind;

/** What goes wrong in one {@link Operation}. */
public enum Fault {
    /** An I/O error. The operation has not been done, or, if it is a write or a force, in part. */
    IO_ERROR,

    /** An I/O error, and yet the operation has been done. */
    IO_ERROR_AFTERWARDS,

    /** No room on the disk. A write may have been done in part; a force has failed as with an I/O error. */
    NO_ROOM,

    /** Too many open files. */
    TOO_MANY_FILES,

    /** A write or a read does less than it was asked to, and says so. */
    SHORT,

    /** A force that does nothing, and says that all is well. */
    LIE;

    /** Whether a disk can answer that method so. */
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
