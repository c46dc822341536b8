package io.veloz.wal.backup;

import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** Protects a damaged log that a recovery has set aside: it may have readable records that are not archived. Stateless. */
final class DamagedLog {
    private DamagedLog() {}

    /**
     * Refuses a clean-up while the damaged log is where the recovery has set it aside.
     *
     * @throws RecoveryException LOG_DIVERGED
     */
    static void requireMovedAway(Optional<EngineSettings> engine, JournalFacts facts) {
        if (engine.isEmpty() || !facts.logWasDamaged()) {
            return;
        }
        Path kept = Places.keptOf(engine.get().logDirectory(), facts.point());
        if (Files.exists(kept, LinkOption.NOFOLLOW_LINKS)) {
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "the log in " + kept
                            + " was damaged when the recovery set it aside, and records that are not archived"
                            + " may exist only there: read it with `veloz-wal salvage " + kept
                            + " NEW_DIR`, move the directory away, then clean up");
        }
    }
}
