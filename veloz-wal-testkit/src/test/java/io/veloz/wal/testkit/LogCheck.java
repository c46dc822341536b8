package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The invariants of a log after any crash. The labels refer to the list in docs/durability.md. */
final class LogCheck {
    private final FaultyStorage storage;
    private final History<Step> history;

    private LogCheck(FaultyStorage storage, History<Step> history) {
        this.storage = storage;
        this.history = history;
    }

    /** Reads, opens and reads again. Leaves the log as recovered. */
    static void check(FaultyStorage storage, History<Step> history) throws IOException {
        new LogCheck(storage, history).check(0);
    }

    /** Like {@link #check}, and appends records that the next check must find. */
    static void checkAndAppend(FaultyStorage storage, History<Step> history) throws IOException {
        new LogCheck(storage, history).check(3);
    }

    /** Opens without reading first. Leaves the log as recovered. */
    static void openAndCheck(FaultyStorage storage, History<Step> history) throws IOException {
        LogCheck check = new LogCheck(storage, history);
        check.leavingNothingOpen(() -> check.open(null, 0));
    }

    private void check(int more) throws IOException {
        leavingNothingOpen(() -> {
            List<Step.Append> unopened = read(WalReader.open(ReadOptions.of(storage)));
            assertThat(storage.changes()).as("P4: changes by a reader").isZero();
            open(unopened, more);
        });
    }

    private interface Look {
        void run() throws IOException;
    }

    private void leavingNothingOpen(Look look) throws IOException {
        try {
            look.run();
        } finally {
            assertThat(storage.openFiles()).as("E10: files left open").isZero();
        }
    }

    /**
     * @param unopened the records that a reader returned before the open; null if there was none
     */
    private void open(@Nullable List<Step.Append> unopened, int more) throws IOException {
        try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
            List<Step.Append> shown = read(wal.reader());
            if (unopened != null) {
                assertThat(shown).as("P4: what recovery keeps").isEqualTo(unopened);
            }
            assertThat(read(WalReader.open(ReadOptions.of(storage))))
                    .as("P4: a concurrent reader")
                    .isEqualTo(shown);
            checkRecords(shown, wal.lastSequence());
            checkBeginning(shown, checkCheckpoints(wal));
            // R7: records that were returned must exist from now on.
            shown.forEach(history::acknowledge);
            new LogWorkload(wal, history).append(more);
        }
    }

    /** P2: every record was begun, and has its sequence and its exact bytes. */
    private List<Step.Append> read(WalReader reader) {
        Set<Step> begun = new HashSet<>(history.begun());
        List<Step.Append> records = new ArrayList<>();
        try (reader) {
            while (reader.next()) {
                long sequence = reader.sequence();
                Step.Append found = begun.stream()
                        .filter(step -> step instanceof Step.Append append
                                && append.sequence() == sequence
                                && append.life() == reader.type()
                                && append.payload().equals(reader.payload()))
                        .map(Step.Append.class::cast)
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("P2: not an appended record: " + sequence + " of type "
                                + reader.type() + " and " + reader.payload().remaining() + " bytes"));
                records.add(found);
            }
        }
        return records;
    }

    /** A1 to A4, P1, P3, P5. */
    private void checkRecords(List<Step.Append> shown, long last) {
        Set<Step.Append> set = new HashSet<>(shown);
        for (int i = 1; i < shown.size(); i++) {
            assertThat(shown.get(i).sequence())
                    .as("P1, P3: the sequence after %s", shown.get(i - 1))
                    .isEqualTo(shown.get(i - 1).sequence() + 1);
        }
        long first = shown.isEmpty() ? last + 1 : shown.get(0).sequence();
        assertThat(last).as("P1: the last sequence").isEqualTo(first + shown.size() - 1);
        for (Step step : history.acknowledged()) {
            if (step instanceof Step.Append append && append.sequence() >= first) {
                assertThat(set).as("A1 to A4: acknowledged records").contains(append);
            }
        }
        for (Step.Append record : shown) {
            assertThat(last).as("P5: the group of %s", record).isGreaterThanOrEqualTo(record.groupLast());
        }
    }

    /** S8: only records covered by the older of two checkpoints are missing, and only after a trim. */
    private void checkBeginning(List<Step.Append> shown, long newestCheckpoint) {
        long covered = history.begun().stream().anyMatch(Step.Trim.class::isInstance) ? olderCheckpointAtTrim() : 0;
        long lastAcknowledged = history.acknowledged().stream()
                .mapToLong(step -> step instanceof Step.Append append ? append.sequence() : 0)
                .max()
                .orElse(0);
        if (lastAcknowledged > 0) {
            assertThat(shown).as("the records").isNotEmpty();
            assertThat(shown.get(0).sequence()).as("S8: the first record").isLessThanOrEqualTo(covered + 1);
            assertThat(newestCheckpoint)
                    .as("S8: the newest checkpoint, compared with the first record")
                    .isGreaterThanOrEqualTo(shown.get(0).sequence() - 1);
        }
    }

    /**
     * Returns the highest sequence on which a trim may have relied: it keeps the records that the older of the two
     * newest checkpoints does not cover.
     */
    private long olderCheckpointAtTrim() {
        long older = 0;
        long newer = 0;
        long most = 0;
        for (Step step : history.begun()) {
            if (step instanceof Step.Checkpoint checkpoint) {
                older = newer;
                newer = checkpoint.sequence();
            } else if (step instanceof Step.Trim) {
                most = older;
            }
        }
        return most;
    }

    /** One of two checkpoints is always valid, and no acknowledged checkpoint is lost. */
    private long checkCheckpoints(Wal wal) throws IOException {
        Optional<WalCheckpoint> newest = wal.newestCheckpoint();
        long acknowledged = history.acknowledged().stream()
                .mapToLong(step -> step instanceof Step.Checkpoint checkpoint ? checkpoint.sequence() : 0)
                .max()
                .orElse(0);
        if (newest.isEmpty()) {
            assertThat(acknowledged).as("the acknowledged checkpoint").isZero();
            return 0;
        }
        WalCheckpoint checkpoint = newest.get();
        assertThat(checkpoint.sequence()).as("the newest checkpoint").isGreaterThanOrEqualTo(acknowledged);
        assertThat(checkpoint.sequence())
                .as("the checkpoint covers only existing records")
                .isLessThanOrEqualTo(wal.lastSequence());
        try (InputStream content = checkpoint.open()) {
            assertThat(content.readAllBytes()).isEqualTo(new Step.Checkpoint(checkpoint.sequence()).content());
        }
        history.acknowledge(new Step.Checkpoint(checkpoint.sequence()));
        return checkpoint.sequence();
    }
}
