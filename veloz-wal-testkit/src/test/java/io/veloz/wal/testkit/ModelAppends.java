package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.RecordGroup;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.testkit.Model.Entry;
import io.veloz.wal.testkit.Move.How;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The appends of a random history, and their futures. Confined to one thread. */
final class ModelAppends {
    private static final int BYTES_WHILE_FORCES_ARE_HELD = 4_000;

    private final ModelRun run;
    private final List<CompletableFuture<Long>> futures = new ArrayList<>();
    private int heldBytes;

    ModelAppends(ModelRun run) {
        this.run = run;
    }

    void append(How how, List<Integer> sizes) {
        int bytes = sizes.stream().mapToInt(size -> size + 64).sum();
        heldBytes += run.disk().isHeld() ? bytes : 0;
        if (run.disk().isHeld() && heldBytes > BYTES_WHILE_FORCES_ARE_HELD) {
            run.disk().heal();
        }
        How possible = run.disk().hangs() && how == How.DURABLE ? How.ASYNC : how;
        List<Entry> group = run.model().begin(sizes, run.tick());
        try {
            boolean done = run.attempt(() -> appendGroupOrRecord(possible, group));
            if (!done && run.isDead()) {
                // The first record after a failure may exist; later ones cannot.
                if (group.get(0).sequence() > run.wal().lastSequence()) {
                    run.model().takeBack(group);
                }
            }
        } catch (Busy e) {
            run.model().takeBack(group);
        }
    }

    /** Signals that the append was rejected and the log continues. */
    private static final class Busy extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private void appendGroupOrRecord(How how, List<Entry> group) {
        try {
            long sequence = group.size() == 1 ? appendOne(how, group.get(0)) : appendGroup(how, group);
            assertThat(sequence)
                    .as("P1: the sequence given")
                    .isEqualTo(group.get(group.size() - 1).sequence());
            if (how == How.DURABLE) {
                run.model().isSafe(sequence);
            }
        } catch (WalBusyException e) {
            throw new Busy();
        } catch (WalDiskFullException e) {
            assertThat(run.disk().isTroubled())
                    .as("the disk is full: %s", e.getMessage())
                    .isTrue();
            throw new Busy();
        }
    }

    private long appendOne(How how, Entry entry) {
        return switch (how) {
            case DEFAULT -> run.wal().append(entry.type(), entry.payload());
            case DURABLE -> run.wal().appendDurable(entry.type(), entry.payload());
            case ASYNC -> promised(entry, run.wal().appendAsync(entry.type(), entry.payload()));
            default -> run.wal().append(entry.type(), entry.payload(), how.durability());
        };
    }

    private long appendGroup(How how, List<Entry> group) {
        RecordGroup records = new RecordGroup();
        group.forEach(entry -> records.add(entry.type(), entry.nanos(), entry.payload()));
        return switch (how) {
            case DEFAULT -> run.wal().append(records);
            case DURABLE -> run.wal().appendDurable(records);
            case ASYNC -> promised(group.get(group.size() - 1), run.wal().appendAsync(records));
            default -> run.wal().append(records, how.durability());
        };
    }

    private long promised(Entry last, CompletableFuture<Long> future) {
        futures.add(future);
        return last.sequence();
    }

    /** Resets the count of bytes appended while forces are blocked, which must fit into the buffer. */
    void forcesMayBeHeld() {
        heldBytes = 0;
    }

    /** Marks the records of completed futures, which must exist from now on. */
    void note() {
        for (CompletableFuture<Long> future : futures) {
            if (future.isDone() && !future.isCompletedExceptionally()) {
                run.model().isSafe(future.join());
            }
        }
    }

    void assertAllAreDone() {
        assertThat(futures).as("A8: every future is done").allMatch(CompletableFuture::isDone);
    }

    void forget() {
        futures.clear();
    }
}
