package io.veloz.wal;

/** Local log and archive do not fit together, and nothing was shipped. The message says what to do; the reason, what is wrong. */
public final class WalShippingRefusedException extends WalException {
    private final Reason reason;

    /** What is wrong. */
    public enum Reason {
        /** The archive is another log's. Ship to another place. */
        OTHER_LOG,
        /** The archive has records that the local log has not. Restore first. */
        BEHIND,
        /** The same records differ in the two. Restore into another directory, and compare. */
        DIVERGED,
        /** The local log lost records before they were archived. Allow the gap to be declared, or use another archive. */
        TRIMMED_AHEAD,
        /** The local log begins with a later record than 1, and has no checkpoint that stands for the rest. Write one. */
        CHECKPOINT_MISSING,
        /** There is no log in the directory yet. Open it first. */
        NO_LOG,
        /** A newer version wrote the archive. Use that version. */
        UNKNOWN_FORMAT,
        /** The store replaces what it was to create only if absent. Ship to another store. */
        STORE_UNFIT,
        /** The archive has lost its log.json. Put it back. */
        LOST_IDENTITY,
        /** The archive has lost its newest slots. Put them back, or ship to another place. */
        LOST_SLOTS,
        /** The archive holds what no writer can have put there. Verify it. */
        BROKEN
    }

    public WalShippingRefusedException(Reason reason, String message) {
        super(message, null);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
