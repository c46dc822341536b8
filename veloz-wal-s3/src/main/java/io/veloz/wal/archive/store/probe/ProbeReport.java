package io.veloz.wal.archive.store.probe;

import io.veloz.wal.archive.store.ObjectStore;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The results of a probe. Immutable.
 *
 * @param store the {@link ObjectStore#describe} of the store
 */
public record ProbeReport(String store, List<ProbeResult> results) {
    public ProbeReport {
        results = List.copyOf(results);
    }

    /** Returns whether the store is usable for an archive: whether all checks passed. */
    public boolean isUsable() {
        return results.stream().allMatch(ProbeResult::passed);
    }

    /** Returns one sentence: the store is usable, or the failed checks. */
    public String verdict() {
        if (isUsable()) {
            return store + " is usable: all " + results.size() + " checks passed";
        }
        return results.stream()
                .filter(result -> !result.passed())
                .map(result -> result.name() + ": " + result.found())
                .collect(Collectors.joining("; ", store + " is not usable: ", ""));
    }

    /** Returns a table for humans: one line per check, and the verdict. */
    public String table() {
        StringBuilder text = new StringBuilder();
        for (ProbeResult result : results) {
            text.append(result.line()).append(System.lineSeparator());
        }
        return text.append(verdict()).append(System.lineSeparator()).toString();
    }
}
