package io.veloz.wal.ops;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.store.StoreUnavailableException;

/** What a command tells the shell. */
final class ExitCode {
    static final int OK = 0;
    /** There are findings, and nothing that was acknowledged is lost. */
    static final int WARNING = 1;
    /** The log is damaged, or the command could not do its work. */
    static final int FAILED = 2;
    /** Another writer has taken over the archive. */
    static final int FENCED = 3;
    /** What was asked for does not fit what is there. Nothing was changed. */
    static final int REFUSED = 4;
    /** The store does not answer: try again later. */
    static final int UNREACHABLE = 5;
    /** The command line is wrong. */
    static final int USAGE = 64;

    private ExitCode() {}

    /** For a command that ended with an exception: by what the operator does next. */
    static int of(Exception problem) {
        if (problem instanceof WalFencedException) {
            return FENCED;
        } else if (problem instanceof WalShippingRefusedException) {
            return REFUSED;
        } else if (problem instanceof WalLockedException) {
            return REFUSED;
        } else if (problem instanceof StoreUnavailableException) {
            return UNREACHABLE;
        } else if (problem instanceof CommandFailure failure) {
            return failure.exitCode();
        }
        return problem instanceof WalRestoreException refused ? of(refused.reason()) : FAILED;
    }

    private static int of(WalRestoreException.Reason reason) {
        return switch (reason) {
            case UNKNOWN_ARCHIVE -> USAGE;
            case NOT_AN_ARCHIVE,
                    OTHER_LOG,
                    GAP,
                    UNKNOWN_FORMAT,
                    BEYOND_ARCHIVE,
                    ARCHIVE_TOO_SHORT,
                    TARGET_NOT_EMPTY,
                    DIVERGED -> REFUSED;
            case STORE_UNAVAILABLE -> UNREACHABLE;
            case DAMAGED, NO_SPACE, STORE_REFUSED, TARGET_UNUSABLE -> FAILED;
        };
    }
}
