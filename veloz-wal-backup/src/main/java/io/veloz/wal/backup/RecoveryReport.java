package io.veloz.wal.backup;

import java.nio.file.Path;
import java.util.List;

/**
 * What a recovery put in place.
 *
 * @param point its number
 * @param roots what is in place now
 * @param kept what was in place before, under its new name, until {@link Recovery#cleanUp}
 * @param findings owners that could not be set: correct them before the engine is started
 */
public record RecoveryReport(long point, List<Path> roots, List<Path> kept, List<String> findings) {
    public RecoveryReport {
        roots = List.copyOf(roots);
        kept = List.copyOf(kept);
        findings = List.copyOf(findings);
    }
}
