package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.place.SwitchJournal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a journal records of its recovery, next to the steps.
 *
 * @param point number of the recovery point
 * @param lastSequence the last record of the log when everything was put in place; empty if there was none that could be read
 * @param logWasDamaged whether the log that was in place before was damaged, and was not discarded explicitly
 */
record JournalFacts(long point, Optional<Long> lastSequence, boolean logWasDamaged) {
    private static final String POINT = "point ";
    private static final String LAST_RECORD = "log ends with record ";
    private static final String DAMAGED = "log before was damaged";

    static JournalFacts of(SwitchJournal journal) {
        return new JournalFacts(
                number(journal, POINT)
                        .orElseThrow(() -> new IllegalStateException("the journal has no recovery point: " + journal)),
                number(journal, LAST_RECORD),
                journal.facts().contains(DAMAGED));
    }

    private static Optional<Long> number(SwitchJournal journal, String fact) {
        return journal.facts().stream()
                .filter(line -> line.startsWith(fact))
                .map(line -> Long.parseLong(line.substring(fact.length())))
                .findFirst();
    }

    /** Returns the lines that are recorded. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(POINT + point);
        lastSequence.ifPresent(last -> lines.add(LAST_RECORD + last));
        if (logWasDamaged) {
            lines.add(DAMAGED);
        }
        return lines;
    }
}
