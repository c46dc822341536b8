package io.veloz.wal.legacy;

/**
 * One doubtful place of an old log. Immutable.
 *
 * @param file name of the file; empty if the log as a whole is meant
 * @param position first byte concerned, or -1 if the file as a whole is meant
 * @param length bytes concerned, or 0
 * @param firstSequence first entry concerned, or -1 if not known
 * @param lastSequence last entry concerned, or -1 if not known
 */
public record LegacyFinding(
        Kind kind,
        Severity severity,
        String file,
        long position,
        long length,
        long firstSequence,
        long lastSequence,
        String text) {

    /** What was found. */
    public enum Kind {
        /** The last entry was cut off while it was written. */
        TORN_TAIL,
        /** The end of the log is zeros: the file had grown, the data never came. */
        ZERO_TAIL,
        /** Bytes that are no entry, where one should be. They were skipped. */
        DAMAGE,
        /** A damaged header whose true content could be proved. The entry was taken. */
        HEADER_REPAIRED,
        /** An entry whose checksum is right, but that is no known event. It was skipped. */
        UNREADABLE_ENTRY,
        /** Entries are missing between two others. */
        SEQUENCE_GAP,
        /** The oldest entries are missing. */
        MISSING_HEAD,
        /** The sequence went back: a process wrote without replaying first, or a second one wrote too. */
        SEQUENCE_RESTART,
        /** Entries that are there twice, byte for byte. The second ones were skipped. */
        DUPLICATE,
        /** Events without their OrderNew, though no sequence is missing: a second writer overwrote entries. */
        SECOND_WRITER,
        /** A checkpoint knows more of some orders than all entries before it, though none is missing. */
        CHECKPOINT_DIFFERS,
        /** Orders were taken from a checkpoint, because entries before it are missing. */
        CHECKPOINT_ADOPTED,
        /** An event does not fit what was known of its order. */
        ORDER,
        /** A file with a name that the engine never gives. */
        UNKNOWN_FILE,
        /** A link or something else that is no regular file, under a name of the log. It was not read. */
        SKIPPED_FILE,
        /** The search behind damage was given up, because the file looks made to keep it busy for ever. */
        SEARCH_LIMIT
    }

    /** What it means, the worst last. */
    public enum Severity {
        /** Nothing is lost. */
        NOTE,
        /** Lost is only what was never acknowledged. */
        UNACKNOWLEDGED,
        /** Acknowledged data may be lost or wrong. */
        DOUBTFUL,
        /** Acknowledged data is lost. */
        LOST
    }
}
