package io.veloz.wal;

import io.veloz.wal.fault.Logs;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.internal.segment.SegmentMaker;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Small logs for tests, and reading them as lists. */
final class TestLog {
    static final SegmentNames NAMES = new SegmentNames("orders");
    static final String CURRENT = NAMES.current();
    static final String PREPARED = NAMES.prepared();
    static final int SEGMENT_BYTES = 16 * 1024;
    static final int BATCH_BYTES = 4 * 1024;
    static final long START_NANOS = 1_700_000_000_000_000_000L;

    private TestLog() {}

    /** The content of one record. */
    record LoggedRecord(long sequence, int type, long timestampNanos, boolean groupContinues, String payload) {}

    static String sealed(long number) {
        return NAMES.sealed(number);
    }

    /** Returns settings with the smallest segments. Heartbeats are written at a close and a roll only. */
    static WalConfig.Builder config(Storage storage) {
        AtomicLong clock = new AtomicLong(START_NANOS);
        return WalConfig.builder(storage)
                .segmentBytes(SEGMENT_BYTES)
                .maxBatchBytes(BATCH_BYTES)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .wallClockNanos(() -> clock.addAndGet(1_000));
    }

    static Wal open(Storage storage) {
        return Wal.open(config(storage).build());
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Appends records with their number as text, each in a separate batch. */
    static void append(Wal wal, int count) {
        for (int i = 0; i < count; i++) {
            wal.appendDurable(1 + i % 3, bytes("record " + (wal.lastSequence() + 1)));
        }
    }

    static void appendGroup(Wal wal, int count) {
        RecordGroup group = new RecordGroup();
        for (int i = 0; i < count; i++) {
            group.add(9, bytes("group of " + count + ": " + i));
        }
        wal.appendDurable(group);
    }

    static List<LoggedRecord> read(Storage storage) {
        return read(ReadOptions.of(storage));
    }

    static List<LoggedRecord> read(ReadOptions options) {
        try (WalReader reader = WalReader.open(options)) {
            return rest(reader);
        }
    }

    static List<LoggedRecord> rest(WalReader reader) {
        List<LoggedRecord> records = new ArrayList<>();
        while (reader.next()) {
            records.add(record(reader));
        }
        return records;
    }

    static LoggedRecord record(WalReader reader) {
        String text = StandardCharsets.ISO_8859_1.decode(reader.payload()).toString();
        return new LoggedRecord(
                reader.sequence(), reader.type(), reader.timestampNanos(), reader.groupContinues(), text);
    }

    static List<Long> sequences(List<LoggedRecord> records) {
        return records.stream().map(LoggedRecord::sequence).toList();
    }

    /** Returns the files of an idle log, as a kill leaves them: a heartbeat states that all records are durable. */
    static MemoryStorage idle(Consumer<Wal> writes) {
        return idle(builder -> builder, writes);
    }

    static MemoryStorage idle(UnaryOperator<WalConfig.Builder> settings, Consumer<Wal> writes) {
        MemoryStorage storage = new MemoryStorage();
        AtomicLong passed = new AtomicLong();
        WalConfig.Builder config = config(storage).intervalClockNanos(() -> System.nanoTime() + passed.get());
        try (Wal wal = Wal.open(settings.apply(config).build())) {
            writes.accept(wal);
            Logs.await("a heartbeat", () -> {
                // Again, because the commit thread begins to be idle after it has acknowledged the last record.
                passed.addAndGet(Duration.ofHours(2).toNanos());
                wal.sync();
                return read(storage).stream().anyMatch(record -> record.sequence() == wal.lastSequence());
            });
            return prepare(storage.copy());
        }
    }

    /** Prepares the segment after the current one, unless the log did so before it was closed. */
    static MemoryStorage prepare(MemoryStorage storage) {
        if (storage.has(PREPARED)) {
            return storage;
        }
        try {
            ByteBuffer page = ByteBuffer.wrap(storage.bytes(CURRENT)).order(ByteOrder.LITTLE_ENDIAN);
            SegmentHeader current = SegmentHeader.decode(page, page.capacity());
            SegmentHeader next = new SegmentHeader(
                    current.logId(), current.number() + 1, 77, SEGMENT_BYTES, BATCH_BYTES, START_NANOS);
            SegmentMaker.fill(storage, NAMES, next, SegmentMaker.Pace.FAST)
                    .file()
                    .close();
            SegmentMaker.publish(storage, NAMES);
            return storage;
        } catch (IOException | DamagedException | UnknownFormatException e) {
            throw new AssertionError(e);
        }
    }

    /** Recovers the files like an open, but without the threads of a log, for tests that do it very often. */
    static RecoveryReport recover(Storage storage) throws IOException {
        Recovery.Settings settings = new Recovery.Settings(SEGMENT_BYTES, BATCH_BYTES, () -> START_NANOS);
        Recovery.Recovered recovered = new Recovery(storage, NAMES, settings, false).recover();
        recovered.activeFile().close();
        return recovered.report();
    }
}
