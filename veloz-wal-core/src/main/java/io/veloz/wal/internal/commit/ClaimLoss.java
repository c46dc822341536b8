package io.veloz.wal.internal.commit;

/**
 * Whether some thread died between a claim and its publication, so that the log cannot go on behind it. Any thread may
 * set it; the commit thread looks.
 */
public final class ClaimLoss {
    /** A field, because a thread whose stack has come to its end cannot call a method to say so. */
    public volatile boolean happened;
}
