package io.veloz.wal.archive;

/** A standby cannot follow an archive, or cannot be promoted. The message has the next step. */
public final class ArchiveFollowException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The cause, with the next step. */
    public enum Reason {
        /** The directory has files that are not of a standby: follow into an empty directory. */
        NOT_A_STANDBY,
        /** The directory follows another archive: follow into another directory. */
        OTHER_LOG,
        /** A promotion of this directory has begun: continue it. */
        PROMOTION_BEGUN,
        /**
         * Another writer acquired an epoch that the operator has not seen: decide again, and name its epoch if it is to be
         * replaced.
         */
        LOST_PROMOTION,
        /** The archive ends before the last slot that was applied: slots were lost. */
        LOST_SLOTS,
        /** Retention has removed what the standby needs next: follow into an empty directory. */
        RETIRED,
        /** The archive declares records as lost, so no log continues over them: restore with accepted gaps. */
        GAP,
        /**
         * Local bytes differ from the archive although they were fetched again, or the archive has other records than it had
         * when they were applied: find out why, and follow into an empty directory.
         */
        DIVERGED,
        /** A file of the standby is damaged or missing: follow into an empty directory. */
        DAMAGED,
        /** An object of the archive stays damaged or missing: repair the archive, and follow again. */
        DAMAGED_OBJECT,
        /** The archive has no copy of the key by which a promoted log would be encrypted: store one, and promote again. */
        KEY_NOT_ESCROWED
    }

    private final Reason reason;

    public ArchiveFollowException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Returns the cause. */
    public Reason reason() {
        return reason;
    }
}
