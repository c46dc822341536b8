package io.veloz.wal.spi;

/** A record or a checkpoint does not match the state of the application: see {@link StateReplay}. */
public final class StateMismatchException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception. The message states what was found and what was expected, without the number of the record. */
    public StateMismatchException(String message) {
        super(message);
    }
}
