package io.veloz.wal.legacy;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.storage.NewDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Imports the engine's old log into a new log of this library. Stateless and thread-safe.
 *
 * <pre>{@code
 * LegacyImportReport report = LegacyImport.run(
 *         LegacyLog.open(oldDirectory), WalConfig.builder(newDirectory).build(), WalProgress.NONE);
 * }</pre>
 */
public final class LegacyImport {
    private LegacyImport() {}

    /**
     * Appends every event that a replay in {@link LegacyMode#DEFAULT} applies, in the same order and with the same times. The
     * old log is only read. In addition to the orders, memory is bounded by the buffer of the new log.
     *
     * <p>When this returns, the new log is complete and durable, has been verified, and is closed. Until then it is in a
     * directory of the same name with the suffix ".partial".
     *
     * @param into settings of the new log, whose directory must not exist or must be empty
     * @throws WalOpenException if the target is not empty, or if one of the logs cannot be opened
     * @throws io.veloz.wal.WalDiskFullException if the disk is full
     * @throws IllegalArgumentException if the settings have no directory, or if an event exceeds their maximum size
     */
    public static LegacyImportReport run(LegacyLog from, WalConfig into, WalProgress progress) {
        Path target = into.directory()
                .orElseThrow(() -> new IllegalArgumentException("the settings have no directory; an import needs one"));
        try {
            NewDirectory directory = NewDirectory.at(target);
            Appending appending = new Appending();
            WalConfig settings = into.toBuilder(directory.partial()).build();
            LegacyReplay replay;
            try (Wal wal = Wal.open(settings)) {
                replay = from.forEach((sequence, nanos, event) -> appending.add(wal, sequence, nanos, event), progress);
                wal.sync();
            }
            checkCopy(settings, directory.partial(), appending.records);
            directory.publish();
            return new LegacyImportReport(target, appending.records, replay);
        } catch (IOException e) {
            throw new WalOpenException("cannot import into " + target + ": " + e, e);
        }
    }

    /** Appends one event at a time, with one codec and one group. */
    private static final class Appending {
        private final OrderCodec codec = new OrderCodec();
        private final RecordGroup group = new RecordGroup();
        private long records;

        void add(Wal wal, long sequence, long timestampNanos, OrderEvent event) {
            ByteBuffer payload = codec.encode(event);
            int limit = wal.config().maxPayloadBytes();
            if (payload.remaining() > limit) {
                throw new IllegalArgumentException("entry " + sequence + " of the old log needs " + payload.remaining()
                        + " bytes of payload, the new log allows " + limit + "; see WalConfig.maxBatchBytes");
            }
            group.clear();
            group.add(event.recordType(), timestampNanos, payload);
            // The log is published only at the end, so one force (fsync) at the end is enough.
            wal.append(group, Durability.LOSE_UNFORCED);
            records++;
        }
    }

    private static void checkCopy(WalConfig settings, Path directory, long records) {
        ReadOptions options = ReadOptions.of(directory).prefix(settings.prefix());
        RecoveryReport copy = WalRecovery.verify(options, WalProgress.NONE);
        if (!copy.isSound() || copy.records() != records || copy.lastSequence() != records) {
            throw new WalOpenException(
                    directory + " was verified with " + copy.records() + " valid records, expected " + records, null);
        }
    }
}
