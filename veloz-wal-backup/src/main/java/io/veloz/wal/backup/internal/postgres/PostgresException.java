package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.RecoveryException;
import java.io.IOException;

/** A program of PostgreSQL, or a statement, that failed. It leaves this package only with {@link Kind#AWAY}: try again. */
final class PostgresException extends IOException {
    private static final long serialVersionUID = 1;

    /** What to do about it. */
    enum Kind {
        /** A client program is missing or too old: install it. */
        CLIENT,
        /** The role cannot connect, or lacks a privilege: correct the password file or the privileges. */
        RIGHTS,
        /** A setting names something that does not exist, or is not valid SQL: correct it. */
        SETTING,
        /** The server is not reachable, is busy, or ended the session: try again. */
        AWAY
    }

    private final Kind kind;
    private final String text;

    PostgresException(Kind kind, String message) {
        super(message);
        this.kind = kind;
        this.text = message;
    }

    /** Returns the failure of a statement. */
    static PostgresException ofState(String state, String message) {
        return new PostgresException(kind(state), message);
    }

    private static Kind kind(String state) {
        if (state.equals("42501") || state.startsWith("28")) {
            return Kind.RIGHTS;
        }
        if (state.startsWith("42") || state.equals("3D000") || state.equals("3F000") || state.startsWith("22")) {
            return Kind.SETTING;
        }
        return Kind.AWAY;
    }

    /** Returns the failure of a connection, which has no state: libpq reports only a text. */
    static PostgresException ofConnection(String message) {
        String text = message.replaceAll("\"[^\"]*\"", "\"\"");
        if (text.contains("database \"\" does not exist")) {
            return new PostgresException(Kind.SETTING, message);
        }
        boolean rights = text.contains("authentication failed")
                || text.contains("no password supplied")
                || text.contains("role \"\" does not exist")
                || text.contains("role \"\" is not permitted to log in")
                || text.contains("no pg_hba.conf entry")
                || text.contains("pg_hba.conf rejects")
                || text.contains("permission denied");
        return new PostgresException(rights ? Kind.RIGHTS : Kind.AWAY, message);
    }

    Kind kind() {
        return kind;
    }

    /**
     * Returns this exception if another attempt may succeed.
     *
     * @throws BackupRefusedException if something must be corrected first
     */
    IOException orRefused() {
        return switch (kind) {
            case CLIENT -> throw new BackupRefusedException(BackupRefusedException.Reason.POSTGRES_VERSION, text, this);
            case RIGHTS -> throw new BackupRefusedException(BackupRefusedException.Reason.POSTGRES_RIGHTS, text, this);
            case SETTING -> throw new BackupRefusedException(BackupRefusedException.Reason.SOURCE_UNUSABLE, text, this);
            case AWAY -> this;
        };
    }

    /**
     * Returns this exception if another attempt may succeed.
     *
     * @throws RecoveryException if something must be corrected first
     */
    IOException orRecovery() {
        return switch (kind) {
            case CLIENT -> throw new RecoveryException(RecoveryException.Reason.VERSION, text, this);
            case RIGHTS -> throw new RecoveryException(RecoveryException.Reason.POSTGRES_RIGHTS, text, this);
            case SETTING -> throw new RecoveryException(RecoveryException.Reason.PLACE_UNUSABLE, text, this);
            case AWAY -> this;
        };
    }
}
