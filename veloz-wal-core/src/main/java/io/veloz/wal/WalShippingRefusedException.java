package io.veloz.wal;

/**
 * The local log and the archive are inconsistent, and nothing was shipped.
 *
 * <p>Next step: depends on the {@link #reason}, and is part of the message.
 */
public final class WalShippingRefusedException extends WalException {
    private final Reason reason;

    /** The inconsistency, with the next step. */
    public enum Reason {
        /** The archive belongs to another log. Ship to another archive. */
        OTHER_LOG,
        /** The local log lacks records that the archive has. Restore first. */
        BEHIND,
        /** The local log and the archive have different records. Restore into another directory, and compare. */
        DIVERGED,
        /**
         * The local log was trimmed before its records were archived. Allow the gap to be declared, or use another
         * archive.
         */
        TRIMMED_AHEAD,
        /** The local log begins after record 1, and no checkpoint covers the missing records. Write a checkpoint. */
        CHECKPOINT_MISSING,
        /** The directory has no log yet. Open the log first. */
        NO_LOG,
        /** A newer version of the library wrote the archive. Use that version. */
        UNKNOWN_FORMAT,
        /** The store replaces an object that it must create only if absent. Use another store. */
        STORE_UNFIT,
        /** The archive has lost its log.json. Restore that object. */
        LOST_IDENTITY,
        /** The archive has lost its newest slots. Restore them, or ship to another archive. */
        LOST_SLOTS,
        /** Another directory of the log has acquired the last epoch. Stop, or take that epoch over. */
        SUPERSEDED,
        /**
         * The file in the log's directory that proves its right to ship is damaged. Move it away, and take the last epoch
         * over.
         */
        DAMAGED_FILE,
        /** The archive is encrypted, and its key, or any key, is not configured. Configure the keys. */
        KEY_MISSING,
        /** No recovery key can open the encrypted archive. Put the encrypted copy of the key into the archive. */
        KEY_NOT_ESCROWED,
        /** The archive contains an object that no writer can have written. Verify the archive. */
        BROKEN
    }

    public WalShippingRefusedException(Reason reason, String message) {
        super(message, null);
        this.reason = reason;
    }

    /** Returns the inconsistency. */
    public Reason reason() {
        return reason;
    }
}
