package io.veloz.wal.ops;

/** A command failed. The message is one line for the operator. */
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
