package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.WalException;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.RecordVerification;
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

    /** Checks a file that has the digest that its slot states. The writer has compared that with the digest in the footer. */
    void check(String name) throws IOException {
        try {
            if (RecordVerification.verify(new SingleFileStorage(files.storage(), name), files.prefix())
                    .isSound()) {
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
