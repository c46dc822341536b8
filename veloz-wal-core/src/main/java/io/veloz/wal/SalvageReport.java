package io.veloz.wal;

import java.util.List;

/**
 * The result of a salvage. Immutable.
 *
 * @param records the number of records that were copied
 * @param firstSequence the first record that was copied; -1 if there was none
 * @param lastSequence the last record that was copied; 0 if there was none
 * @param lost the records that could not be read, and those that an earlier salvage had declared lost
 * @param tornTail whether the source ended with bytes that were never acknowledged
 */
public record SalvageReport(
        long records, long firstSequence, long lastSequence, List<LostRange> lost, boolean tornTail) {
    public SalvageReport {
        lost = List.copyOf(lost);
    }
}
