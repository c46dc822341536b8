package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads every record of the staged segments, each on the thread that has fetched it, while others are fetched. Thread-safe.
 *
 * <p>It only finds sound segments. If any other one is staged, the whole log has to be verified, which names the damage.
 */
final class StagedChecks {
    private final LogFiles files;
    private final Set<String> sound = ConcurrentHashMap.newKeySet();

    StagedChecks(LogFiles files) {
        this.files = files;
    }

    void check(String name) {
        ReadOptions alone = ReadOptions.of(new SingleFileStorage(files.storage(), name))
                .prefix(files.prefix())
                .acceptMissingEnds(true);
        try {
            if (WalRecovery.verify(alone, WalProgress.NONE).isSound()) {
                sound.add(name);
            }
        } catch (WalException e) {
            // The verification of the whole log reports it.
        }
    }

    /** Returns whether every sealed segment in the directory has been checked, so that only their order is unknown. */
    boolean areAllSound() throws IOException {
        return files.sealed().stream().map(files::sealedName).allMatch(sound::contains);
    }
}
