package io.veloz.wal.backup;

/** A retention plan that was not made, or not applied. Nothing was deleted by the call. */
public final class RetentionRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What to do about it. */
    public enum Reason {
        /** The archive has no recovery points: check its URI. Without points every chunk would look unused. */
        NO_POINT,
        /** A recovery point is missing or damaged: what it named is not known. Repair the archive. */
        CHAIN_DAMAGED,
        /** A chunk of the newest recovery point is missing: make a backup first. */
        NEWEST_NOT_WHOLE,
        /** The newest plan is not readable: make another plan, whose grace begins anew. */
        PLAN_DAMAGED,
        /** The answers of the store, or a plan and the points, exclude each other: check the store. */
        CONTRADICTION,
        /** This machine's clock is earlier than the newest point or plan: correct it. */
        CLOCK
    }

    private final Reason reason;

    public RetentionRefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public RetentionRefusedException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
