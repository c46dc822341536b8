package io.veloz.wal.ops;

/** A command cannot go on; the message is one line for the operator. */
final class CommandFailure extends RuntimeException {
    private final int exitCode;

    CommandFailure(String message) {
        this(ExitCode.FAILED, message);
    }

    CommandFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
