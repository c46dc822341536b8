package io.veloz.wal.legacy;

/**
 * One anomaly in an old log. Immutable.
 *
 * @param file name of the file; empty if the finding concerns the whole log
 * @param position first affected byte, or -1 if the finding concerns the whole file
 * @param length number of affected bytes, or 0
 * @param firstSequence first affected entry, or -1 if not known
 * @param lastSequence last affected entry, or -1 if not known
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

    /** The kinds of anomalies. */
    public enum Kind {
        /** A torn write: the last entry is incomplete. */
        TORN_TAIL,
        /** The log ends with zeros: the file was extended, but the data was never written. */
        ZERO_TAIL,
        /** Bytes that are not an entry where one was expected. They were skipped. */
        DAMAGE,
        /** A damaged header whose original content could be proved. The entry was applied. */
        HEADER_REPAIRED,
        /** An entry with a valid checksum that is not a known event. It was skipped. */
        UNREADABLE_ENTRY,
        /** Entries are missing between two others. */
        SEQUENCE_GAP,
        /** The oldest entries are missing. */
        MISSING_HEAD,
        /** The sequence went back: a process wrote without replaying first, or a second process also wrote. */
        SEQUENCE_RESTART,
        /** Entries that are present twice, byte for byte. The copies were skipped. */
        DUPLICATE,
        /** Events without their OrderNew, although no sequence is missing: a second writer overwrote entries. */
        SECOND_WRITER,
        /** A checkpoint has newer states of some orders than the entries before it, although no entry is missing. */
        CHECKPOINT_DIFFERS,
        /** Orders were restored from a checkpoint, because entries before it are missing. */
        CHECKPOINT_ADOPTED,
        /** An event contradicts the state of its order. */
        ORDER,
        /** A file with a name that the engine never uses. */
        UNKNOWN_FILE,
        /** A file with a name of the log that is not a regular file, such as a link. It was not read. */
        SKIPPED_FILE,
        /** The search for entries after damage was abandoned, because its cost exceeded the limit. */
        SEARCH_LIMIT
    }

    /** The consequence, in ascending order. */
    public enum Severity {
        /** Nothing is lost. */
        NOTE,
        /** Only data that was never acknowledged is lost. */
        UNACKNOWLEDGED,
        /** Acknowledged data may be lost or wrong. */
        DOUBTFUL,
        /** Acknowledged data is lost. */
        LOST
    }
}
