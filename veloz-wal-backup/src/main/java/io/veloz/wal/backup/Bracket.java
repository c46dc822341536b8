package io.veloz.wal.backup;

/**
 * Where in the order log an attachment belongs: it was taken after record {@code after} was durable, and contains nothing
 * that is later than record {@code upTo}.
 *
 * @param after 0 if the log had no durable record
 */
public record Bracket(long after, long upTo) {
    public Bracket {
        if (after < 0 || upTo < after) {
            throw new IllegalArgumentException("bracket " + after + " to " + upTo + ": expected 0 <= after <= upTo");
        }
    }
}
