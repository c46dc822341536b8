package io.veloz.wal.ops;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.RecoveryException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/** The exit codes for exceptions of a backup or a recovery, by the operator's next step. Stateless. */
final class BackupExitCode {
    private BackupExitCode() {}

    static int of(BackupRefusedException refused) {
        return switch (refused.reason()) {
            case LOG_NOT_ARCHIVED -> ExitCode.UNREACHABLE;
            case ARCHIVE_UNUSABLE -> ofCause(refused);
            default -> ExitCode.REFUSED;
        };
    }

    /** Unless it is {@link ExitCode#FAILED}, nothing in place has changed and the backup itself may be intact. */
    static int of(RecoveryException failed) {
        return switch (failed.reason()) {
            case INCOMPLETE, DAMAGED, NO_SPACE, NOT_VERIFIED -> ExitCode.FAILED;
            // With a cause, this run was interrupted in its switch. Without one, it was refused because of an earlier
            // run.
            case HALF_DONE -> failed.getCause() == null ? ExitCode.REFUSED : ExitCode.FAILED;
            default -> ofCause(failed);
        };
    }

    static int of(IOException failed) {
        return isUnavailable(failed) ? ExitCode.UNREACHABLE : ExitCode.FAILED;
    }

    /**
     * Returns the exit code for a failed capture. The library reports a database or a Vault that does not answer as an
     * {@link IOException} that is neither of the store nor of a file.
     */
    static int ofCapture(IOException failed) {
        boolean local = failed instanceof StoreException || failed instanceof FileSystemException;
        return local ? of(failed) : ExitCode.UNREACHABLE;
    }

    private static int ofCause(RuntimeException refused) {
        if (isUnavailable(refused)) {
            return ExitCode.UNREACHABLE;
        }
        return refused.getCause() instanceof WalRestoreException restore ? ExitCode.of(restore) : ExitCode.REFUSED;
    }

    private static boolean isUnavailable(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof StoreUnavailableException) {
                return true;
            }
        }
        return false;
    }
}
