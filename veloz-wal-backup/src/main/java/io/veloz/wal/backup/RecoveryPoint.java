package io.veloz.wal.backup;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A numbered manifest that names one attachment of each kind and their place in the order log. It exists only when all of
 * them are stored and the log is archived up to their brackets. Immutable.
 */
public final class RecoveryPoint {
    private final long number;
    private final String logId;
    private final String previous;
    private final Instant made;
    private final String host;
    private final Tip tip;
    private final List<Attachment> attachments;

    /**
     * The newest slot of the log's archive when a point was made.
     *
     * @param sha256 64 hex digits, of the slot
     * @param archivedSequence the last record that was archived
     */
    public record Tip(long slot, String sha256, long archivedSequence) {}

    private RecoveryPoint(
            long number,
            String logId,
            String previous,
            Instant made,
            String host,
            Tip tip,
            List<Attachment> attachments) {
        this.number = number;
        this.logId = Objects.requireNonNull(logId, "logId");
        this.previous = Objects.requireNonNull(previous, "previous");
        this.made = Objects.requireNonNull(made, "made");
        this.host = Objects.requireNonNull(host, "host");
        this.tip = Objects.requireNonNull(tip, "tip");
        this.attachments = List.copyOf(attachments);
        if (tip.archivedSequence() < upTo()) {
            throw new IllegalArgumentException("the archive of the log ends at record " + tip.archivedSequence()
                    + "; an attachment needs it up to record " + upTo());
        }
    }

    /**
     * Returns a point with these fields; see the methods of the same names.
     *
     * @throws IllegalArgumentException if the log is not archived up to an attachment
     */
    public static RecoveryPoint of(
            long number,
            String logId,
            String previous,
            Instant made,
            String host,
            Tip tip,
            List<Attachment> attachments) {
        return new RecoveryPoint(number, logId, previous, made, host, tip, attachments);
    }

    /** Returns the number: from 1, without gaps. */
    public long number() {
        return number;
    }

    /** Returns the id of the log that the point belongs to: 32 hex digits. */
    public String logId() {
        return logId;
    }

    /** Returns the SHA-256 of the point before; 64 zeros in the first one. */
    public String previous() {
        return previous;
    }

    /** Returns when the point was put. */
    public Instant made() {
        return made;
    }

    /** Returns the name of the host that made the point. */
    public String host() {
        return host;
    }

    /** Returns the end of the log's archive when the point was made, which binds the point to that prefix of the chain. */
    public Tip tip() {
        return tip;
    }

    public List<Attachment> attachments() {
        return attachments;
    }

    /** Returns the attachment of a kind; empty if the point has none. */
    public Optional<Attachment> attachment(Kind kind) {
        return attachments.stream()
                .filter(attachment -> attachment.kind() == kind)
                .findFirst();
    }

    /** Returns the highest record that an attachment of the point may contain: the log must reach it. */
    public long upTo() {
        return attachments.stream()
                .mapToLong(attachment -> attachment.bracket().upTo())
                .max()
                .orElse(0);
    }

    @Override
    public String toString() {
        return "RecoveryPoint[number=" + number + ", made=" + made + ", host=" + host + ", upTo=" + upTo()
                + ", attachments=" + attachments + "]";
    }
}
