package io.veloz.wal.ops;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RetentionRefusedException;
import java.io.IOException;

/** The exit codes of the commands. */
final class ExitCode {
    static final int OK = 0;
    /** There are findings, but no acknowledged data is lost. */
    static final int WARNING = 1;
    /** The log is damaged, or the command failed. */
    static final int FAILED = 2;
    /** Another writer has taken over the archive. */
    static final int FENCED = 3;
    /** The request is not possible for this log, archive or directory. Nothing was changed. */
    static final int REFUSED = 4;
    /** The store cannot be reached: retry later. */
    static final int UNREACHABLE = 5;
    /** The command line is invalid. */
    static final int USAGE = 64;

    private ExitCode() {}

    /** Returns the exit code for an exception, by the operator's next step. */
    static int of(Exception problem) {
        if (problem instanceof WalFencedException) {
            return FENCED;
        } else if (problem instanceof WalShippingRefusedException refused) {
            return of(refused);
        } else if (problem instanceof WalLockedException) {
            return REFUSED;
        } else if (problem instanceof BackupRefusedException refused) {
            return BackupExitCode.of(refused);
        } else if (problem instanceof RecoveryException recovery) {
            return BackupExitCode.of(recovery);
        } else if (problem instanceof ArchiveFollowException refused) {
            return of(refused.reason());
        } else if (problem instanceof RetentionRefusedException || problem instanceof ArchiveCareException) {
            return REFUSED;
        } else if (problem instanceof IOException failed) {
            return BackupExitCode.of(failed);
        } else if (problem instanceof CommandFailure failure) {
            return failure.exitCode();
        }
        return problem instanceof WalRestoreException refused ? of(refused.reason()) : FAILED;
    }

    static int of(WalShippingRefusedException refused) {
        return refused.reason() == WalShippingRefusedException.Reason.SUPERSEDED ? FENCED : REFUSED;
    }

    private static int of(ArchiveFollowException.Reason reason) {
        return switch (reason) {
            case NOT_A_STANDBY, OTHER_LOG, PROMOTION_BEGUN, LOST_PROMOTION, RETIRED, GAP, KEY_NOT_ESCROWED -> REFUSED;
            case LOST_SLOTS, DIVERGED, DAMAGED, DAMAGED_OBJECT -> FAILED;
        };
    }

    private static int of(WalRestoreException.Reason reason) {
        return switch (reason) {
            case UNKNOWN_ARCHIVE -> USAGE;
            case NOT_AN_ARCHIVE,
                    OTHER_LOG,
                    GAP,
                    UNKNOWN_FORMAT,
                    BEYOND_ARCHIVE,
                    RETIRED,
                    KEY_MISSING,
                    ARCHIVE_TOO_SHORT,
                    TARGET_NOT_EMPTY,
                    DIVERGED -> REFUSED;
            case STORE_UNAVAILABLE -> UNREACHABLE;
            case DAMAGED, NO_SPACE, STORE_REFUSED, TARGET_UNUSABLE -> FAILED;
        };
    }
}
