package io.veloz.wal.archive;

import java.io.IOException;
import java.util.List;

/**
 * Names the records of an archive that something else needs, such as a recovery point whose database is brought up to date by
 * the log. Retention keeps them.
 *
 * <p>Retention reads the needs before it plans, and again before it retires anything, each time after it has read the care
 * records. Whoever creates a need reads the care records ({@link ArchiveCare#of}) after the need is durable, and relies on it
 * only if {@link ArchiveCare#keepsFrom} returns true. So a need that retention does not see was found to be in vain by the one
 * who created it.
 */
@FunctionalInterface
public interface RetentionNeeds {
    /**
     * A need.
     *
     * @param what names it in messages
     * @param firstSequence the first record that it needs
     */
    record Need(String what, long firstSequence) {}

    /** Reads all needs. */
    List<Need> read() throws IOException;
}
