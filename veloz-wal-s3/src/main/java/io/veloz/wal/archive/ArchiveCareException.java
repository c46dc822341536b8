package io.veloz.wal.archive;

/** A step in the care of an archive was refused. Nothing was deleted, and no record was put. The message has the next step. */
public final class ArchiveCareException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The cause of the refusal, with the next step. */
    public enum Reason {
        /**
         * No chain with a checkpoint was verified by content, or only long ago: verify the archive at level content, and record
         * it.
         */
        NOTHING_VERIFIED,
        /** An object that stays is missing, although it was verified: put it back. */
        MISSING_OBJECT,
        /** The plan would retire more than a fifth of the archive: check the settings, and accept the number of objects. */
        TOO_MUCH,
        /** Objects under {@code segments/} or {@code attachments/} are of no known kind: find out who put them. */
        UNKNOWN_OBJECTS,
        /** A slot that an earlier care record names is missing or another one: the ship log has lost slots. */
        LOST_SLOTS,
        /** The clock of this machine is earlier than the newest record or slot: correct it. */
        CLOCK,
        /** The archive has recovery points, and nothing states which records they need: run it with the backup module. */
        POINT_NEEDS,
        /** The records are retired already, or about to be: only later ones can be held. */
        RETIRED,
        /** There is no such hold. */
        NO_SUCH_HOLD,
        /** The care record is not the last one, or can be read: nothing has to be skipped. */
        NOT_DAMAGED,
        /** The archive has too many holds or acknowledged gaps: release those that are not needed. */
        TOO_MANY
    }

    private final Reason reason;

    public ArchiveCareException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Returns the cause of the refusal. */
    public Reason reason() {
        return reason;
    }
}
