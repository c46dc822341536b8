package io.veloz.wal;

import java.util.List;

/**
 * What a salvage brought over. Immutable.
 *
 * @param records how many
 * @param firstSequence of the first one, -1 if there was none
 * @param lastSequence of the last one, 0 if there was none
 * @param lost what could not be read, and what was lost before
 * @param tornTail whether the old log ended with bytes that were never acknowledged
 */
public record SalvageReport(
        long records, long firstSequence, long lastSequence, List<LostRange> lost, boolean tornTail) {
    public SalvageReport {
        lost = List.copyOf(lost);
    }
}
