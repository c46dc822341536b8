package io.veloz.wal.internal.recovery;

import java.io.IOException;

/** A writer has renamed files during an analysis. Analyse the log again. */
public final class NameChangedException extends IOException {
    private static final long serialVersionUID = 1;

    NameChangedException(String message) {
        super(message);
    }
}
