package io.veloz.wal;

/**
 * An {@link OutputGate} has failed, and publishes nothing more. The cause is the failure of the log, of the archive, or of
 * the sink. The output was not accepted. The outputs that waited were passed to {@link OutputGate.Sink#discard}.
 *
 * <p>Next step: stop acting on records, close the gate, and do what the cause needs. After the next open of the log,
 * reconcile the records after {@link #publishedSequence()}: the log may have them, and they were not published.
 */
public final class WalGateFailedException extends WalException {
    private final long publishedSequence;

    WalGateFailedException(String what, long publishedSequence, Throwable cause) {
        super(
                what + ": the output gate has failed, and published outputs up to record " + publishedSequence + ": "
                        + cause,
                cause);
        this.publishedSequence = publishedSequence;
    }

    /** Returns the sequence of the last published output; 0 if there is none. */
    public long publishedSequence() {
        return publishedSequence;
    }
}
