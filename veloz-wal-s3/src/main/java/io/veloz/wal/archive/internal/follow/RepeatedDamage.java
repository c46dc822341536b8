package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.proof.BrokenProofException;
import java.io.IOException;
import java.util.Optional;

/**
 * Counts how often the steps of a follower found the same damage in the archive. An object may be damaged in transit, or be
 * repaired a moment later. But if every attempt finds the same, further ones only repeat the proof of the whole archive. An
 * instance is confined to one thread.
 */
public final class RepeatedDamage {
    /** So many attempts take about half a minute with their delays. */
    static final int ATTEMPTS = 10;

    private String last = "";
    private int count;

    /** Adds a failure. Returns the exception that ends the follower if it has occurred too often. */
    public Optional<ArchiveFollowException> add(IOException failure) {
        if (!isDamage(failure)) {
            return Optional.empty();
        }
        String text = String.valueOf(failure.getMessage());
        count = text.equals(last) ? count + 1 : 1;
        last = text;
        return count < ATTEMPTS
                ? Optional.empty()
                : Optional.of(new ArchiveFollowException(
                        Reason.DAMAGED_OBJECT,
                        text + ", in each of " + count
                                + " attempts. Put the object back from a version or a copy, or repair the archive (repair"
                                + " URI --from DIR with the directory of the log); then start to follow again: the standby"
                                + " continues where it is"));
    }

    private static boolean isDamage(IOException failure) {
        return failure instanceof BadObjectException || failure instanceof BrokenProofException;
    }

    /** Forgets what was counted. */
    public void succeeded() {
        last = "";
        count = 0;
    }
}
