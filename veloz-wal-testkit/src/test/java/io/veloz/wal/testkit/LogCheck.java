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

/** What must be true of a log after any crash. The letters are those of the list in docs/durability.md. */
final class LogCheck {
    private final FaultyStorage storage;
    private final History<Step> history;

    private LogCheck(FaultyStorage storage, History<Step> history) {
        this.storage = storage;
        this.history = history;
    }

    /** Reads, opens, reads again, and leaves the log as recovery has made it. */
    static void check(FaultyStorage storage, History<Step> history) throws IOException {
        new LogCheck(storage, history).check(0);
    }

    /** The same, and goes on appending: what is appended now must be found by the next check. */
    static void checkAndGoOn(FaultyStorage storage, History<Step> history) throws IOException {
        new LogCheck(storage, history).check(3);
    }

    /** Opens without reading before, and leaves the log as recovery has made it. */
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
     * @param unopened what a reader has shown before; null if none has looked
     */
    private void open(@Nullable List<Step.Append> unopened, int more) throws IOException {
        try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
            List<Step.Append> shown = read(wal.reader());
            if (unopened != null) {
                assertThat(shown).as("P4: what recovery keeps").isEqualTo(unopened);
            }
            assertThat(read(WalReader.open(ReadOptions.of(storage))))
                    .as("P4: beside the writer")
                    .isEqualTo(shown);
            checkRecords(shown, wal.lastSequence());
            checkBeginning(shown, checkCheckpoints(wal));
            // R7: whatever was shown is expected from now on.
            shown.forEach(history::acknowledge);
            new LogWorkload(wal, history).append(more);
        }
    }

    /** P2: every record is one that was begun, in that place and with exactly these bytes. */
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
                        .orElseThrow(() -> new AssertionError("P2: nobody appended record " + sequence + " of type "
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
                assertThat(set).as("A1 to A4: acknowledged, and so there").contains(append);
            }
        }
        for (Step.Append record : shown) {
            assertThat(last).as("P5: the group of %s", record).isGreaterThanOrEqualTo(record.groupLast());
        }
    }

    /** S8: nothing is gone that the older of two checkpoints does not cover, and nothing but by a trim. */
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
                    .as("S8: what the checkpoint covers, and the log begins with")
                    .isGreaterThanOrEqualTo(shown.get(0).sequence() - 1);
        }
    }

    /** The most that a trim may have relied on: it keeps what the older of the two newest checkpoints does not cover. */
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

    /** Of two checkpoints one is always whole, and none is lost that was acknowledged. */
    private long checkCheckpoints(Wal wal) throws IOException {
        Optional<WalCheckpoint> newest = wal.newestCheckpoint();
        long acknowledged = history.acknowledged().stream()
                .mapToLong(step -> step instanceof Step.Checkpoint checkpoint ? checkpoint.sequence() : 0)
                .max()
                .orElse(0);
        if (newest.isEmpty()) {
            assertThat(acknowledged).as("the acknowledged checkpoint is there").isZero();
            return 0;
        }
        WalCheckpoint checkpoint = newest.get();
        assertThat(checkpoint.sequence()).as("the newest checkpoint").isGreaterThanOrEqualTo(acknowledged);
        assertThat(checkpoint.sequence()).as("covers only what is there").isLessThanOrEqualTo(wal.lastSequence());
        try (InputStream content = checkpoint.open()) {
            assertThat(content.readAllBytes()).isEqualTo(new Step.Checkpoint(checkpoint.sequence()).content());
        }
        history.acknowledge(new Step.Checkpoint(checkpoint.sequence()));
        return checkpoint.sequence();
    }
}
