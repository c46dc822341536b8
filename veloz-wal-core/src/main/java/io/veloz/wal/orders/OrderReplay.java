package io.veloz.wal.orders;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A store filled from a log: from its newest good checkpoint, or from its first record. Immutable.
 *
 * @param store full
 * @param report how it came about
 */
record OrderReplay(OrderStore store, OrderLogReport report) {

    /**
     * Replays an open log.
     *
     * @throws WalException if there is a gap between the checkpoint and the log, or damage behind it
     */
    static OrderReplay of(Wal wal, boolean normaliseStatus) {
        long started = System.nanoTime();
        Optional<WalCheckpoint> checkpoint = wal.newestCheckpoint();
        OrderStore store = storeFrom(checkpoint.orElse(null), normaliseStatus);
        long covered = store.appliedSequence();
        checkContinuous(wal, covered);
        long replayed = 0;
        OrderCodec codec = new OrderCodec();
        try (WalReader reader = wal.reader(ReadOptions.of(wal.config()).fromSequence(covered + 1))) {
            while (reader.next()) {
                store.apply(reader.sequence(), reader.timestampNanos(), codec.decode(reader.type(), reader.payload()));
                replayed++;
            }
        }
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        return new OrderReplay(store, new OrderLogReport(wal.recovery(), covered, replayed, store.count(), took));
    }

    private static OrderStore storeFrom(@Nullable WalCheckpoint checkpoint, boolean normaliseStatus) {
        OrderStore.Builder builder = OrderStore.builder().normaliseStatus(normaliseStatus);
        if (checkpoint == null) {
            return builder.build();
        }
        try (InputStream content = checkpoint.open()) {
            return builder.buildFrom(OrderSnapshot.readFrom(content, "checkpoint for record " + checkpoint.sequence()));
        } catch (IOException e) {
            throw new UncheckedIOException("reading the checkpoint for record " + checkpoint.sequence(), e);
        }
    }

    private static void checkContinuous(Wal wal, long covered) {
        String directory = wal.recovery().directory();
        long begins = wal.recovery().expectedFirstSequence();
        if (covered + 1 < begins) {
            throw new WalCorruptException(
                    directory,
                    -1,
                    covered + 1,
                    begins - 1,
                    "the log was trimmed up to record " + (begins - 1) + "; expected a checkpoint that covers it, and "
                            + (covered == 0 ? "no checkpoint is whole" : "the best one covers " + covered));
        }
    }
}
