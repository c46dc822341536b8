package io.veloz.wal.archive.internal.proof;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An object that the proof needs is damaged, gone, or does not fit the others. */
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

    /** Of the object, relative to the archive. */
    public String key() {
        return key;
    }

    long slot() {
        return slot;
    }

    /** From that record on nothing is proven; -1 if nothing is at all. */
    public long firstSequence() {
        return firstSequence;
    }

    public boolean isUnknownFormat() {
        return unknownFormat;
    }
}
