package io.veloz.wal.archive.store;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a store really does. Immutable.
 *
 * @param store its {@link ObjectStore#describe}
 */
public record ProbeReport(String store, List<ProbeResult> results) {
    public ProbeReport {
        results = List.copyOf(results);
    }

    /** Whether an archive may be kept there: whether all of it holds. */
    public boolean isUsable() {
        return results.stream().allMatch(ProbeResult::holds);
    }

    /** One sentence: usable, or not and why. */
    public String verdict() {
        if (isUsable()) {
            return store + " is usable: all " + results.size() + " checks hold";
        }
        return results.stream()
                .filter(result -> !result.holds())
                .map(result -> result.name() + ": " + result.found())
                .collect(Collectors.joining("; ", store + " is not usable: ", ""));
    }

    /** For people: a line for each check, and the verdict. */
    public String table() {
        StringBuilder text = new StringBuilder();
        for (ProbeResult result : results) {
            text.append(result.line()).append(System.lineSeparator());
        }
        return text.append(verdict()).append(System.lineSeparator()).toString();
    }
}
