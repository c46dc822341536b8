package io.veloz.wal.backup;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.store.StoreException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A check of a drill that could not be made, and the failures of checks in the words of a receipt. */
final class DrillFailure extends IOException {
    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(DrillFailure.class);
    private static final int DETAIL_CHARS = 2000;

    /** Creates the failure of a check for which something is not installed. */
    DrillFailure(String message) {
        super(message);
    }

    /** Returns whether a check could not be made, which proves nothing. */
    static boolean isUnavailable(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof DrillFailure
                    || cause instanceof StoreException
                    || (cause instanceof WalRestoreException restore
                            && (restore.reason() == WalRestoreException.Reason.STORE_UNAVAILABLE
                                    || restore.reason() == WalRestoreException.Reason.STORE_REFUSED))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns the reason of a failure. A receipt is not encrypted, so it has only messages that are known to quote no content;
     * the log of this machine has the others.
     */
    static String describe(Exception e) {
        if (e instanceof FileSystemException file) {
            return file.getClass().getSimpleName() + ": " + file.getMessage();
        }
        boolean own = e.getClass().getName().startsWith("io.veloz.") || e.getClass() == IOException.class;
        if (own && e.getMessage() != null) {
            String message = e.getMessage();
            return message.length() > DETAIL_CHARS ? message.substring(0, DETAIL_CHARS) + "..." : message;
        }
        LOG.warn("a check of the drill failed", e);
        StackTraceElement[] trace = e.getStackTrace();
        return "unexpected " + e.getClass().getSimpleName() + (trace.length == 0 ? "" : " at " + trace[0])
                + "; the log of this machine has its message";
    }
}
