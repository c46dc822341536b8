package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderSnapshot;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Replays the orders of a log from its newest order checkpoint, if any. For one run. Not thread-safe. */
final class OrdersReplay {
    private static final int PROGRESS_INTERVAL_RECORDS = 4096;

    private final ReadOptions options;
    private final Streams streams;
    private final EventDecoder decoder = new EventDecoder();
    private long skipped;

    OrdersReplay(ReadOptions options, Streams streams) {
        this.options = options;
        this.streams = streams;
    }

    /** The store after the last durable record. Notes and warnings have already been printed. */
    record Result(OrderStore store, int exitCode) {}

    Result run() {
        OrderSnapshot snapshot = newestSnapshot();
        RecoveryReport found = WalRecovery.inspect(options);
        requireCoveredRecords(found);
        if (snapshot == null && found.expectedFirstSequence() > 1) {
            throw new CommandFailure("the records before " + found.expectedFirstSequence()
                    + " were trimmed, and no checkpoint of orders can be read: the orders are incomplete");
        }
        OrderStore store =
                snapshot == null ? new OrderStore() : OrderStore.builder().buildFrom(snapshot);
        ReadOptions remaining = snapshot == null ? options : options.fromSequence(snapshot.coveredSequence() + 1);
        int exitCode;
        try (WalReader reader = WalReader.open(remaining)) {
            replay(reader, store, found.lastSequence());
            exitCode = ReadNotes.print(reader, streams);
        }
        if (skipped > 0) {
            streams.err().println("note: skipped " + Units.count(skipped, "record") + " of other types");
        }
        if (!store.findingCounts().isEmpty()) {
            streams.err().println("note: events that contradict their orders: " + store.findingCounts());
        }
        return new Result(store, exitCode);
    }

    /** Throws if a checkpoint covers more records than the log contains: records were lost. An open fails as well. */
    private void requireCoveredRecords(RecoveryReport found) {
        long covered = WalCheckpoint.good(options).stream()
                .mapToLong(WalCheckpoint::sequence)
                .max()
                .orElse(0);
        if (covered > found.lastSequence()) {
            throw new CommandFailure("the log ends with record " + found.lastSequence()
                    + ", but its checkpoint covers the records up to " + covered
                    + ": records are lost, so the orders are incomplete; restore the log from its archive");
        }
    }

    private void replay(WalReader reader, OrderStore store, long lastSequence) {
        long first = store.appliedSequence();
        try (Progress progress = streams.progress("replay", Progress.Unit.RECORDS)) {
            while (reader.next()) {
                long sequence = reader.sequence();
                if (EventDecoder.isOrderType(reader.type())) {
                    store.apply(sequence, reader.timestampNanos(), decode(reader));
                } else {
                    skipped++;
                }
                if (sequence % PROGRESS_INTERVAL_RECORDS == 0) {
                    progress.update(sequence - first, lastSequence - first);
                }
            }
        }
    }

    private OrderEvent decode(WalReader reader) {
        try {
            return decoder.decode(reader.type(), reader.payload());
        } catch (WalVersionException e) {
            throw new CommandFailure("record " + reader.sequence() + ": " + e.getMessage());
        }
    }

    private @Nullable OrderSnapshot newestSnapshot() {
        List<WalCheckpoint> checkpoints = WalCheckpoint.good(options);
        for (WalCheckpoint checkpoint : checkpoints) {
            String name = "checkpoint of record " + checkpoint.sequence();
            try (InputStream content = checkpoint.open()) {
                return OrderSnapshot.readFrom(content, name);
            } catch (IOException | WalVersionException | WalCorruptException e) {
                streams.err().println("note: " + name + " does not contain orders: " + e.getMessage());
            }
        }
        if (!checkpoints.isEmpty()) {
            streams.err().println("note: replaying from the first record");
        }
        return null;
    }
}
