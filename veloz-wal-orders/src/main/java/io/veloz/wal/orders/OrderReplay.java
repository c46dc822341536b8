package io.veloz.wal.orders;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalVersionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The orders of a log, replayed from its newest valid checkpoint or from its first record. Immutable except for the store.
 *
 * @param store contains every durable order
 * @param report describes the replay
 */
public record OrderReplay(OrderStore store, OrderLogReport report) {

    /**
     * Replays a log read-only, whether another process has it open or not. Rejects every log that {@link OrderLog#open}
     * rejects.
     *
     * @throws WalCorruptException if records are damaged or missing, if records were trimmed that no checkpoint covers, or if
     *     the log ends before the record that its checkpoint covers
     * @throws WalVersionException if a record or the checkpoint was written by a later version
     * @throws WalException if the directory cannot be read
     */
    public static OrderReplay read(ReadOptions options) {
        RecoveryReport found = WalRecovery.inspect(options);
        WalCheckpoint checkpoint = WalCheckpoint.newest(options).orElse(null);
        if (checkpoint != null && checkpoint.sequence() > found.lastSequence()) {
            throw new WalCorruptException(
                    found.directory(),
                    -1,
                    found.lastSequence() + 1,
                    checkpoint.sequence(),
                    "the log ends with record " + found.lastSequence() + "; expected " + checkpoint.sequence()
                            + " or more, which checkpoint " + checkpoint.file() + " covers");
        }
        return replay(found, checkpoint, OrderStore.builder(), from -> WalReader.open(options.fromSequence(from)));
    }

    /** Replays an open log. */
    static OrderReplay of(Wal wal, OrderStore.Builder settings) {
        return replay(
                wal.recovery(),
                wal.newestCheckpoint().orElse(null),
                settings,
                from -> wal.reader(ReadOptions.of(wal.config()).fromSequence(from)));
    }

    private interface Opening {
        WalReader readerFrom(long sequence);
    }

    private static OrderReplay replay(
            RecoveryReport found, @Nullable WalCheckpoint checkpoint, OrderStore.Builder settings, Opening log) {
        long started = System.nanoTime();
        OrderStore store = storeFrom(checkpoint, settings);
        long covered = store.appliedSequence();
        checkContinuous(found, covered);
        long replayed = 0;
        OrderCodec codec = new OrderCodec();
        try (WalReader reader = log.readerFrom(covered + 1)) {
            while (reader.next()) {
                if (OrderCodec.isOrderType(reader.type())) {
                    store.apply(reader.sequence(), reader.timestampNanos(), decode(codec, reader));
                    replayed++;
                }
                // All other record types belong to the application.
            }
        }
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        return new OrderReplay(store, new OrderLogReport(found, covered, replayed, store.count(), took));
    }

    private static OrderEvent decode(OrderCodec codec, WalReader reader) {
        try {
            return codec.decode(reader.type(), reader.payload());
        } catch (WalVersionException e) {
            throw new WalVersionException("record " + reader.sequence() + ": " + e.getMessage());
        }
    }

    private static OrderStore storeFrom(@Nullable WalCheckpoint checkpoint, OrderStore.Builder settings) {
        if (checkpoint == null) {
            return settings.build();
        }
        try (InputStream content = checkpoint.open()) {
            return settings.buildFrom(
                    OrderSnapshot.readFrom(content, "checkpoint for record " + checkpoint.sequence()));
        } catch (IOException e) {
            throw new UncheckedIOException("reading the checkpoint for record " + checkpoint.sequence(), e);
        }
    }

    private static void checkContinuous(RecoveryReport found, long covered) {
        long begins = found.expectedFirstSequence();
        if (covered + 1 < begins) {
            throw new WalCorruptException(
                    found.directory(),
                    -1,
                    covered + 1,
                    begins - 1,
                    "the log was trimmed up to record " + (begins - 1) + "; expected a checkpoint that covers it, and "
                            + (covered == 0 ? "no checkpoint is valid" : "the newest valid one covers " + covered));
        }
    }
}
