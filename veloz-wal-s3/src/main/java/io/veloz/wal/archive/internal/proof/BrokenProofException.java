package io.veloz.wal.archive.internal.proof;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An object that the proof requires is damaged, missing, or inconsistent with the others. */
public final class BrokenProofException extends IOException {
    private static final long serialVersionUID = 1;

    private final String key;
    private final long slot;
    private final long firstSequence;
    private final boolean unknownFormat;

    BrokenProofException(
            String key,
            long slot,
            long firstSequence,
            boolean unknownFormat,
            String message,
            @Nullable Throwable cause) {
        super(message, cause);
        this.key = key;
        this.slot = slot;
        this.firstSequence = firstSequence;
        this.unknownFormat = unknownFormat;
    }

    /** Returns the key of the object, relative to the archive. */
    public String key() {
        return key;
    }

    long slot() {
        return slot;
    }

    /** Returns the first record that is not proven; -1 if none is proven. */
    public long firstSequence() {
        return firstSequence;
    }

    public boolean isUnknownFormat() {
        return unknownFormat;
    }
}
