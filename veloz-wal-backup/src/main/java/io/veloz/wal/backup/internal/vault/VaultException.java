package io.veloz.wal.backup.internal.vault;

/** A refusal that another attempt does not change. Its message contains names, never a value and never the server's text. */
final class VaultException extends RuntimeException {
    private static final long serialVersionUID = 1;

    enum Reason {
        /** The token is missing, invalid, or its policy does not allow a request. */
        DENIED,
        /** The server is sealed. */
        SEALED,
        /** The server, a mount or a path is not usable as it is set. */
        UNUSABLE,
        /** A secret changed while it was read. */
        CHANGES,
        /** A path has other content than the export. */
        DIFFERS
    }

    private final Reason reason;
    private final String text;

    VaultException(Reason reason, String message) {
        super(message);
        this.reason = reason;
        this.text = message;
    }

    String text() {
        return text;
    }

    Reason reason() {
        return reason;
    }
}
