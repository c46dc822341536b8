package io.veloz.wal.backup;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a verification of recovery points found.
 *
 * @param findings of each point that was verified, by its number, oldest first; an empty list if the point is whole
 * @param dropped the number of points that retention has dropped, and that were not verified
 * @param attachments that were verified, each once
 * @param bytes of their chunks
 * @param full whether every chunk was read
 * @param decrypted whether the attachments were decrypted, and their signatures proven
 */
public record PointsReport(
        Map<Long, List<String>> findings, int dropped, int attachments, long bytes, boolean full, boolean decrypted) {
    public PointsReport {
        Map<Long, List<String>> copy = new LinkedHashMap<>();
        findings.forEach((point, found) -> copy.put(point, List.copyOf(found)));
        findings = Collections.unmodifiableMap(copy);
    }

    /** Returns whether every point that was verified is whole. */
    public boolean isClean() {
        return findings.values().stream().allMatch(List::isEmpty);
    }

    @Override
    public String toString() {
        long bad = findings.values().stream().filter(found -> !found.isEmpty()).count();
        return "PointsReport[points=" + findings.size() + ", notWhole=" + bad + ", dropped=" + dropped + ", attachments="
                + attachments + ", bytes=" + bytes + ", full=" + full + ", decrypted=" + decrypted + "]";
    }
}
