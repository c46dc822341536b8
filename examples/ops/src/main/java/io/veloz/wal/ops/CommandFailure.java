package io.veloz.wal.ops;

/** A command cannot go on; the message is one line for the operator. */
final class CommandFailure extends RuntimeException {
    CommandFailure(String message) {
        super(message);
    }
}
