package io.veloz.wal.archive.internal.read;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Translates failures of a read into exceptions that name the segment, the object and the next step. */
final class ReadErrors {
    private ReadErrors() {}

    /** Returns the exception for a file that could not be read. */
    @FunctionalInterface
    interface Failures {
        /**
         * Returns the exception.
         *
         * @param key the key of the object that could not be read
         */
        WalRestoreException of(ArchiveFile file, String key, IOException e);
    }

    /**
     * Returns the exception, typed by what the caller can do.
     *
     * @param key the key of the object that could not be read
     */
    static WalRestoreException of(ArchiveFile file, String key, IOException e) {
        String text = e.getMessage() + " (" + what(file) + ")";
        if (e instanceof MissingKeyException) {
            return new WalRestoreException(Reason.KEY_MISSING, key, file.firstSequence(), file.lastSequence(), text, e);
        }
        if (e instanceof StoreUnavailableException || (!(e instanceof StoreException) && !isBad(e))) {
            return new WalRestoreException(Reason.STORE_UNAVAILABLE, text + "; retry later", e);
        }
        if (!isBad(e)) {
            return new WalRestoreException(
                    Reason.STORE_REFUSED, text + "; correct permissions, credentials, region or bucket", e);
        }
        return new WalRestoreException(
                Reason.DAMAGED, key, file.firstSequence(), file.lastSequence(), text + next(file), e);
    }

    /** An object was retired after the reader was opened. */
    static WalRestoreException retired(String archive, ArchiveFile file, String key, Floor floor, IOException e) {
        long first = floor.cut().sequence();
        return new WalRestoreException(
                Reason.RETIRED,
                key,
                1,
                first - 1,
                archive + ": " + what(file) + " is no longer in the archive: the records before " + first
                        + " were retired by care record " + floor.record() + "; "
                        + (file.number() == 0
                                ? "open the archive again, and read its newest checkpoint"
                                : "read from record " + first + " on"),
                e);
    }

    private static String what(ArchiveFile file) {
        return file.number() == 0
                ? "the checkpoint that covers the records up to " + file.lastSequence()
                : "segment " + file.number() + ", records " + file.firstSequence() + " to " + file.lastSequence();
    }

    /** Returns whether an object is damaged or missing. */
    static boolean isBad(IOException e) {
        return e instanceof BadObjectException || e instanceof BrokenProofException;
    }

    private static String next(ArchiveFile file) {
        return "; verify the archive, and put the object back from a version or a copy"
                + (file.number() == 0 ? "" : "; later records can be read from " + (file.lastSequence() + 1) + " on");
    }

    /** Adds what contains a damaged file, and the next step. */
    static WalCorruptException explain(WalCorruptException damage, String archive, @Nullable ArchiveFile file) {
        String bare = new WalCorruptException(
                        damage.file(), damage.position(), damage.firstSequence(), damage.lastSequence(), "")
                .getMessage();
        String reason = String.valueOf(damage.getMessage())
                .substring(String.valueOf(bare).length());
        String where = file == null
                ? "; the archive does not contain this file: records are missing from it"
                : "; segment " + file.number() + " is in " + archive + "/" + file.place();
        WalCorruptException explained = new WalCorruptException(
                damage.file(),
                damage.position(),
                damage.firstSequence(),
                damage.lastSequence(),
                reason + where + "; verify the archive, and put damaged objects back from a version or a copy");
        explained.addSuppressed(damage);
        return explained;
    }
}
