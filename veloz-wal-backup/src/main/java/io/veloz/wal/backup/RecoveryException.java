package io.veloz.wal.backup;

/** A recovery that did not happen, or not wholly. The reason says whether anything in place has changed. */
public final class RecoveryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What to do about it. Unless it is HALF_DONE or NOT_VERIFIED, nothing in place has changed,
     * except that Vault may have secrets in paths that were empty. */
    public enum Reason {
        /** There is no recovery point, or not the requested one. */
        NO_POINT,
        /** A chunk is missing: use an earlier point. */
        INCOMPLETE,
        /** A chunk, a point or a decrypted attachment is not what was stored, or has no valid signature of the pinned key. */
        DAMAGED,
        /** No private key that can decrypt it, or its passphrase is wrong. */
        KEY_MISSING,
        /** The log's archive does not contain the slot that the point is bound to: it is another archive, or was cut. */
        LOG_BEHIND,
        /** The log in the engine's directory has other records than the archive: decide which are valid. */
        LOG_DIVERGED,
        /** The log in the engine's directory, or its archive, was written since the plan: plan again. */
        PLAN_OUTDATED,
        /** The engine is running: stop it. */
        ENGINE_RUNS,
        /** Another recovery, rollback or clean-up of the same profile is running: wait for its end. */
        RECOVERY_RUNS,
        /** Not enough space next to a place. */
        NO_SPACE,
        /** PostgreSQL, a client program of it or an extension is missing or too old for the dump: install a newer one. */
        VERSION,
        /** A role that the database needs does not exist: create it, or let the recovery create it. */
        ROLE_MISSING,
        /** PostgreSQL refuses the role, or the role lacks a right: correct the password file or grant the right. */
        POSTGRES_RIGHTS,
        /** What was staged is not equal to the recovery point, or the log cannot bring it up to date: use another point. */
        GATE,
        /** A place cannot be written, or staging exists that does not belong to this recovery. */
        PLACE_UNUSABLE,
        /** The switch was interrupted: resume it or roll it back. */
        HALF_DONE,
        /** Everything is in place, but the engine did not start, or its state differs: resume or roll back. */
        NOT_VERIFIED,
        /**
         * The token of Vault cannot be read, or does not allow a request: correct its file or its policy. Paths that were
         * written before stay; the next run skips them.
         */
        VAULT_DENIED,
        /** Vault is sealed: unseal it. Paths that were written before stay; the next run skips them. */
        VAULT_SEALED,
        /** A path of Vault has another history than the backup: compare them, and delete or move one. */
        VAULT_DIFFERS
    }

    private final Reason reason;

    public RecoveryException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public RecoveryException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
