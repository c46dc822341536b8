package io.veloz.wal.archive.store;

import java.util.List;
import java.util.Locale;
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
        int width = results.stream()
                .mapToInt(result -> result.name().length())
                .max()
                .orElse(0);
        StringBuilder text = new StringBuilder();
        for (ProbeResult result : results) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-4s %-" + Math.max(1, width) + "s %6d ms  %s%n",
                    result.holds() ? "yes" : "NO",
                    result.name(),
                    result.took().toMillis(),
                    result.found()));
        }
        return text.append(verdict()).append(System.lineSeparator()).toString();
    }
}
