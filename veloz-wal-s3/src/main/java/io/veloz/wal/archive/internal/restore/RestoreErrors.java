package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.WalException;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.storage.StorageFullException;

/** Translates failures into exceptions whose message contains the next step. */
public final class RestoreErrors {
    private RestoreErrors() {}

    /**
     * Translates a failure. An exception that needs no translation is returned unchanged.
     *
     * @param where the archive and the target, for messages
     */
    public static RuntimeException translate(Exception e, String where) {
        if (e instanceof WalException || e instanceof IllegalArgumentException) {
            return (RuntimeException) e;
        }
        boolean isWrapped = e instanceof ObjectFiles.SinkException || e instanceof ObjectFiles.RetriedException;
        if (isWrapped && e.getCause() instanceof Exception cause) {
            return translate(cause, where);
        }
        String text = String.valueOf(e.getMessage());
        if (e instanceof BrokenProofException broken) {
            Reason reason = broken.isUnknownFormat() ? Reason.UNKNOWN_FORMAT : Reason.DAMAGED;
            String next = broken.firstSequence() <= 1
                    ? "; put it back from a version or a copy"
                    : "; put it back from a version or a copy, or restore up to record " + (broken.firstSequence() - 1);
            return new WalRestoreException(reason, broken.key(), broken.firstSequence(), -1, text + next, e);
        }
        if (e instanceof DamagedObjectException damaged) {
            String next = damaged.firstSequence > 1
                    ? "; put it back from a version or a copy, or restore up to record " + (damaged.firstSequence - 1)
                    : "; put it back from a version or a copy";
            return new WalRestoreException(
                    Reason.DAMAGED, damaged.key, damaged.firstSequence, damaged.lastSequence, text + next, e);
        }
        if (e instanceof UnknownArchiveFormatException) {
            return new WalRestoreException(Reason.UNKNOWN_FORMAT, text, e);
        }
        if (e instanceof MissingKeyException) {
            return new WalRestoreException(Reason.KEY_MISSING, text, e);
        }
        if (e instanceof BadObjectException) {
            return new WalRestoreException(Reason.DAMAGED, text + "; put it back from a version or a copy", e);
        }
        if (e instanceof StoreUnavailableException) {
            return new WalRestoreException(Reason.STORE_UNAVAILABLE, text + "; retry later: fetched files are kept", e);
        }
        if (e instanceof StoreException) {
            return new WalRestoreException(
                    Reason.STORE_REFUSED, text + "; correct permissions, credentials, region or bucket", e);
        }
        if (e instanceof StorageFullException) {
            return new WalRestoreException(Reason.NO_SPACE, text + "; free space, and retry", e);
        }
        return new WalRestoreException(Reason.TARGET_UNUSABLE, "cannot restore " + where + ": " + e, e);
    }
}
