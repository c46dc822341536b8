package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Durability;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.storage.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A small workload with all operations of a log: open, appends of all sizes, atomic groups, rolls, checkpoints, trims,
 * close and reopen. Confined to one thread.
 */
final class LogWorkload {
    private final Wal wal;
    private final History<Step> history;
    private final int life;
    private long sequence;

    LogWorkload(Wal wal, History<Step> history) {
        this.wal = wal;
        this.history = history;
        this.sequence = wal.lastSequence();
        this.life = 1
                + history.begun().stream()
                        .mapToInt(step -> step instanceof Step.Append append ? append.life() : 0)
                        .max()
                        .orElse(0);
    }

    static WalConfig.Builder config(Storage storage) {
        return WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .bufferFullTimeout(Duration.ofSeconds(5))
                .closeTimeout(Duration.ofSeconds(5))
                .heartbeatDelay(Duration.ofHours(1))
                .wallClockNanos(() -> 1_700_000_000_000_000_000L);
    }

    static void run(FaultyStorage storage, History<Step> history) {
        try {
            threeLives(storage, history);
        } finally {
            assertThat(storage.openFiles()).as("E10: files left open").isZero();
        }
    }

    private static void threeLives(Storage storage, History<Step> history) {
        try (Wal wal = Wal.open(config(storage).build())) {
            new LogWorkload(wal, history).firstLife();
        }
        try (Wal wal = Wal.open(config(storage).build())) {
            new LogWorkload(wal, history).secondLife();
        }
        try (Wal wal = Wal.open(config(storage).build())) {
            new LogWorkload(wal, history).append(2);
        }
    }

    private void firstLife() {
        append(8);
        checkpoint();
        group(3);
        async(4);
        append(6);
        wal.roll();
        append(3);
        relaxed();
        checkpoint();
        wal.roll();
        trim();
        unforced();
        append(5);
    }

    private void secondLife() {
        append(6);
        group(2);
        checkpoint();
        trim();
    }

    void append(int count) {
        for (int i = 0; i < count; i++) {
            Step.Append step = begin();
            wal.appendDurable(step.type(), step.payload());
            history.acknowledge(step);
        }
    }

    private Step.Append begin() {
        Step.Append step = Step.Append.alone(++sequence, life);
        history.begin(step);
        return step;
    }

    private void group(int count) {
        RecordGroup group = new RecordGroup();
        List<Step.Append> steps = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            steps.add(new Step.Append(sequence + i, life, sequence + 1, sequence + count));
        }
        sequence += count;
        for (Step.Append step : steps) {
            history.begin(step);
            group.add(step.type(), step.payload());
        }
        wal.appendDurable(group);
        steps.forEach(history::acknowledge);
    }

    private void async(int count) {
        List<CompletableFuture<?>> futures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Step.Append step = begin();
            futures.add(wal.appendAsync(step.type(), step.payload()).thenRun(() -> history.acknowledge(step)));
        }
        futures.forEach(CompletableFuture::join);
    }

    private void relaxed() {
        List<Step> steps = appendUnforced(1, Durability.LOSE_UNFORCED);
        steps.addAll(appendUnforced(1, Durability.LOSE_LAST_INTERVAL));
        wal.sync();
        steps.forEach(history::acknowledge);
    }

    List<Step> appendUnforced(int count, Durability durability) {
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Step.Append step = begin();
            wal.append(step.type(), step.payload(), durability);
            steps.add(step);
        }
        return steps;
    }

    /** Appends unforced records up to the roll that they cause, after which later records depend on them. */
    private void unforced() {
        List<Step> steps = appendUnforced(12, Durability.LOSE_UNFORCED);
        append(1);
        steps.forEach(history::acknowledge);
    }

    private void checkpoint() {
        Step.Checkpoint step = new Step.Checkpoint(wal.durableSequence());
        history.begin(step);
        wal.writeCheckpoint(step.sequence(), out -> out.write(step.content()));
        history.acknowledge(step);
    }

    private void trim() {
        Step.Trim step = new Step.Trim(wal.durableSequence());
        history.begin(step);
        wal.trim(1);
        history.acknowledge(step);
    }
}
