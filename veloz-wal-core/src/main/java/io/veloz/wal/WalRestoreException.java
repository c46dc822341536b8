package io.veloz.wal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A restore was refused. A log that was in the target directory is unchanged. Files that were fetched remain in the
 * subdirectory ".restore"; complete segments are not fetched again. A target directory without a log cannot be opened as a log until a
 * restore completes.
 *
 * <p>Next step: depends on the {@link #reason}, and is part of the message.
 */
public final class WalRestoreException extends WalException {
    /** The cause of the refusal, with the next step. */
    public enum Reason {
        /** No provider supports the URI: put the artifact veloz-wal-s3 on the class path, or correct the URI. */
        UNKNOWN_ARCHIVE,
        /** There is no archive at the URI: correct the URI. */
        NOT_AN_ARCHIVE,
        /** The archive, or the log in the target directory, is of another log: use the right one. */
        OTHER_LOG,
        /** Records are missing from the archive: restore the other records with {@code acceptGaps}. */
        GAP,
        /**
         * An object is damaged or missing: restore it from an object version or a copy, or restore up to the record
         * before.
         */
        DAMAGED,
        /** The archive is in a format that this version does not know: use a newer version of the library. */
        UNKNOWN_FORMAT,
        /** The archive is encrypted by a key that is not configured: add the key. */
        KEY_MISSING,
        /** The requested sequence or time is not in the archive: choose another one, or wait until it is archived. */
        BEYOND_ARCHIVE,
        /** Retention has deleted the requested records: choose later ones. */
        RETIRED,
        /**
         * The archive ends before the record that {@code atLeast} requires, or before the log whose older segments are
         * filled in: its newest objects were deleted or never stored.
         */
        ARCHIVE_TOO_SHORT,
        /** The target directory is not empty: use another directory, or merge. */
        TARGET_NOT_EMPTY,
        /**
         * The log in the target directory and the archive have different records: an operator must decide which to
         * keep.
         */
        DIVERGED,
        /** The disk has too little space: free space, and retry. */
        NO_SPACE,
        /** The store does not respond: retry later. */
        STORE_UNAVAILABLE,
        /** The store denies access: correct permissions, credentials, region or bucket. */
        STORE_REFUSED,
        /** The target directory cannot be written: correct the path or its permissions. */
        TARGET_UNUSABLE
    }

    private final Reason reason;
    private final @Nullable String key;
    private final long firstSequence;
    private final long lastSequence;

    public WalRestoreException(Reason reason, String message, @Nullable Throwable cause) {
        this(reason, null, -1, -1, message, cause);
    }

    /**
     * @param key the key of the affected object, relative to the archive; null if there is none
     * @param firstSequence the first affected record; -1 if unknown
     * @param lastSequence the last affected record; -1 if unknown
     */
    public WalRestoreException(
            Reason reason,
            @Nullable String key,
            long firstSequence,
            long lastSequence,
            String message,
            @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.key = key;
        this.firstSequence = firstSequence;
        this.lastSequence = lastSequence;
    }

    /** Returns the cause of the refusal. */
    public Reason reason() {
        return reason;
    }

    /** Returns the key of the affected object, relative to the archive; empty if there is none. */
    public Optional<String> key() {
        return Optional.ofNullable(key);
    }

    /** Returns the first affected record; -1 if unknown. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Returns the last affected record; -1 if unknown. */
    public long lastSequence() {
        return lastSequence;
    }
}
