package io.veloz.wal.backup;

/** A backup that was refused before a recovery point was put. Nothing was deleted; correct the cause and run it again. */
public final class BackupRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What to do about it. */
    public enum Reason {
        /** A recipient's certificate or the signing key cannot be read: correct the file, its owner or its mode. */
        NO_KEY,
        /** A key is expired, revoked, cannot encrypt or sign, or is not the pinned one: replace it. */
        KEY_UNUSABLE,
        /** A root of the configuration contains a root of the secrets: exclude it. */
        SECRETS_IN_CONFIGURATION,
        /** A file changed during three attempts to read it: stop whatever writes it, or exclude it. */
        SOURCE_CHANGES,
        /** A root is missing, unreadable, or contains something that is not a file, a directory or a link. */
        SOURCE_UNUSABLE,
        /** A client program of PostgreSQL is missing, or older than the server: install the one of the server's version. */
        POSTGRES_VERSION,
        /** PostgreSQL refuses the role, or the role may not read everything: correct the password file or grant the right. */
        POSTGRES_RIGHTS,
        /** The database has applied records that the log does not have: check database.applied-query and log.directory. */
        DATABASE_AHEAD,
        /** A switch or a rollback of a recovery is not complete: resume it or roll it back. */
        RECOVERY_UNDER_WAY,
        /** The log's archive did not reach the bracket in time: check the shipper. */
        LOG_NOT_ARCHIVED,
        /** The archive, or its chain of recovery points, is not readable or belongs to another log. */
        ARCHIVE_UNUSABLE,
        /** The token of Vault cannot be read, or does not allow a request: correct its file or its policy. */
        VAULT_DENIED,
        /** Vault is sealed: unseal it. */
        VAULT_SEALED
    }

    private final Reason reason;

    public BackupRefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public BackupRefusedException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
