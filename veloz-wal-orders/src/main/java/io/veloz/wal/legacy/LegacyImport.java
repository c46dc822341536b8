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
 * Brings the engine's own log into a new log of this library. Stateless; any thread may run one.
 *
 * <pre>{@code
 * LegacyImportReport report = LegacyImport.run(
 *         LegacyLog.open(oldDirectory), WalConfig.builder(newDirectory).build(), WalProgress.NONE);
 * }</pre>
 */
public final class LegacyImport {
    private LegacyImport() {}

    /**
     * Appends every event that {@link LegacyMode#DEFAULT} takes for true, with its time and in its order. The old log is
     * only read. Beside the orders themselves, memory is bounded by the buffer of the new log.
     *
     * <p>When this returns the new log is on disk in full, closed, and has been read back. Until then there is only a
     * directory of that name with ".partial" behind it.
     *
     * @param into the new log: its directory must not exist, or be empty
     * @throws WalOpenException if the target is there already, or one of the two cannot be used
     * @throws io.veloz.wal.WalDiskFullException if there is no room
     * @throws IllegalArgumentException if the settings name no directory, or an event is larger than they allow
     */
    public static LegacyImportReport run(LegacyLog from, WalConfig into, WalProgress progress) {
        Path target = into.directory()
                .orElseThrow(() -> new IllegalArgumentException("an import needs a directory; the settings have none"));
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

    /** One event at a time, through one codec and one group. */
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
            // No record counts before the directory has its name, so one force at the end is enough.
            wal.append(group, Durability.LOSE_UNFORCED);
            records++;
        }
    }

    private static void checkCopy(WalConfig settings, Path directory, long records) {
        ReadOptions options = ReadOptions.of(directory).prefix(settings.prefix());
        RecoveryReport copy = WalRecovery.verify(options, WalProgress.NONE);
        if (!copy.isSound() || copy.records() != records || copy.lastSequence() != records) {
            throw new WalOpenException(
                    directory + " reads back with " + copy.records() + " records; expected " + records
                            + ", all of them whole",
                    null);
        }
    }
}
