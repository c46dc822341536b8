package io.veloz.wal.backup;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A numbered manifest that names one attachment of each kind and where in the order log they belong. It exists only when all
 * of them are stored and the log is archived up to their brackets. Immutable.
 *
 * @param number from 1, without holes
 * @param logId 32 hex digits: the log that it belongs to
 * @param previous SHA-256 of the point before; 64 zeros in the first one
 * @param made when it was put
 * @param host where it was made
 * @param tip the end of the log's archive when it was made: the point is bound to that prefix of the chain
 */
public record RecoveryPoint(
        long number,
        String logId,
        String previous,
        Instant made,
        String host,
        Tip tip,
        List<Attachment> attachments) {
    /**
     * The newest slot of the archive.
     *
     * @param sha256 64 hex digits, of the slot
     */
    public record Tip(long slot, String sha256, long archivedSequence) {}

    public RecoveryPoint {
        attachments = List.copyOf(attachments);
    }

    public Optional<Attachment> attachment(Kind kind) {
        return attachments.stream().filter(attachment -> attachment.kind() == kind).findFirst();
    }
}
