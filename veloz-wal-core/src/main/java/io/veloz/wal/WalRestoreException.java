package io.veloz.wal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A restore was refused. A log that was in the target is as it was. What has been fetched stays in the target, in the
 * directory ".restore", and is not fetched again; a target that held no log does not open as one until a restore completes.
 * What to do next depends on the {@link #reason}; the message says it as well.
 */
public final class WalRestoreException extends WalException {
    /** Why, and so what to do. */
    public enum Reason {
        /** Nothing knows such URIs: put the artifact veloz-wal-s3 on the class path, or correct the URI. */
        UNKNOWN_ARCHIVE,
        /** There is no archive in that place: correct the URI. */
        NOT_AN_ARCHIVE,
        /** It is the archive, or the target holds the files, of another log: take the right one. */
        OTHER_LOG,
        /** Records are missing, and the loss was accepted or cannot be helped: restore the rest with acceptGaps. */
        GAP,
        /** An object is damaged or gone: put it back, from a version or a copy, or restore up to the record before. */
        DAMAGED,
        /** The archive is written in a format that this version does not know: use a newer one. */
        UNKNOWN_FORMAT,
        /** The point that was asked for is not in the archive: take another one, or wait until it is. */
        BEYOND_ARCHIVE,
        /** The archive ends before the record that atLeast requires: its newest objects were deleted, or never stored. */
        ARCHIVE_TOO_SHORT,
        /** The target holds something: take another directory, or merge. */
        TARGET_NOT_EMPTY,
        /** The log in the target and the archive have different records: a person has to decide which are true. */
        DIVERGED,
        /** There is not enough room: make some, and call again. */
        NO_SPACE,
        /** The store does not answer: call again later. */
        STORE_UNAVAILABLE,
        /** The store refuses: correct rights, credentials, region or bucket. */
        STORE_REFUSED,
        /** The target cannot be written: correct path or permissions. */
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
     * @param key of the object that is meant, relative to the archive; null if none is
     * @param firstSequence first record that is concerned, -1 if not known
     * @param lastSequence last record that is concerned, -1 if not known
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

    public Reason reason() {
        return reason;
    }

    /** The object that is damaged or gone, relative to the archive. */
    public Optional<String> key() {
        return Optional.ofNullable(key);
    }

    public long firstSequence() {
        return firstSequence;
    }

    public long lastSequence() {
        return lastSequence;
    }
}
