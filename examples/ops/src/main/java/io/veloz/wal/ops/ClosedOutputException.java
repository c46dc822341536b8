package io.veloz.wal.ops;

import java.io.IOException;

/** The reader of the output has closed it, as {@code head} does: the command ends without an error. */
final class ClosedOutputException extends RuntimeException {
    ClosedOutputException(IOException cause) {
        super(cause);
    }
}
