package io.veloz.wal.ops;

import java.io.IOException;

/** Whoever read the output has gone, as {@code head} does: a reason to end, not an error. */
final class ClosedOutputException extends RuntimeException {
    ClosedOutputException(IOException cause) {
        super(cause);
    }
}
