package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A log whose older segments are filled in, and trimmed, with a power failure or a killed process at every point. */
@Tag("enumeration")
class FilledLogTest {
    private static final long BEGIN = 4;
    private static final int EACH = 2;

    /**
     * A step.
     *
     * @param first the first record of the log after it
     * @param segments by number, for later steps
     */
    private record Step(Kind kind, long first, Map<Long, byte[]> segments) {
        Step(Kind kind, long first) {
            this(kind, first, Map.of());
        }
    }

    private enum Kind {
        RESTORED,
        ADDED,
        TRIMMED
    }

    @Test
    void filledLogIsCompleteFromItsFirstRecordOnAfterEveryCrash() {
        CrashPoints<Step> points = CrashPoints.of(FilledLogTest::work, FilledLogTest::check);
        assertThat(points.cutOnce()).isGreaterThan(300);
        points.cutTwice(200);
        points.killThenCut();
    }

    private static WalConfig config(Storage storage) {
        return WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build();
    }

    private static void append(Wal wal) {
        for (int i = 0; i < EACH; i++) {
            wal.appendDurable(1, ByteBuffer.allocate(100));
        }
    }

    private static void work(FaultyStorage storage, History<Step> history) throws Exception {
        Map<Long, byte[]> segments = restore(storage);
        history.acknowledge(new Step(Kind.RESTORED, first(BEGIN), segments));
        try (Wal wal = Wal.open(config(storage))) {
            OlderSegments older = wal.olderSegments();
            for (long number = BEGIN - 1; number > 1; number--) {
                write(storage, older.temporaryName(number), segments.get(number));
                assertThat(older.add(number)).isTrue();
                history.acknowledge(new Step(Kind.ADDED, first(number)));
                append(wal);
            }
            wal.writeCheckpoint(first(3) - 1, out -> out.write(1));
            wal.writeCheckpoint(first(3) - 1, out -> out.write(1));
            history.begin(new Step(Kind.TRIMMED, first(3)));
            assertThat(wal.trim(0).deletedSegments()).hasSize(1);
            history.acknowledge(new Step(Kind.TRIMMED, first(3)));
            write(storage, older.temporaryName(2), segments.get(2L));
            assertThat(older.add(2)).isFalse();
        }
    }

    private static long first(long segment) {
        return EACH * (segment - 1) + 1;
    }

    /** Leaves a log that begins with a later segment, and returns the segments before. */
    private static Map<Long, byte[]> restore(FaultyStorage storage) throws IOException {
        try (Wal wal = Wal.open(config(storage))) {
            for (long number = 1; number < BEGIN + 1; number++) {
                append(wal);
                wal.roll();
            }
            append(wal);
        }
        LogFiles files = LogFiles.of(storage, "orders");
        Map<Long, byte[]> segments = new TreeMap<>();
        files.complete(files.logId().orElseThrow(), BEGIN, first(BEGIN));
        for (long number = 1; number < BEGIN; number++) {
            segments.put(number, storage.bytes(files.sealedName(number)));
            storage.delete(files.sealedName(number));
        }
        write(storage, files.fillName(), new byte[] {1});
        storage.forceDirectory();
        return segments;
    }

    private static void write(Storage storage, String name, byte[] bytes) throws IOException {
        if (storage.list().contains(name)) {
            storage.delete(name);
        }
        try (StorageFile file = storage.create(name)) {
            file.writeFully(ByteBuffer.wrap(bytes), 0);
            file.force();
        }
    }

    private static void check(FaultyStorage storage, History<Step> history) throws Exception {
        List<Step> done = history.acknowledged();
        if (done.isEmpty()) {
            // The restore itself has its own crash table.
            return;
        }
        Step last = done.get(done.size() - 1);
        boolean trimMayHaveBegun = !history.begun().isEmpty();
        try (Wal wal = Wal.open(config(storage))) {
            List<Long> found = assertComplete(storage);
            if (last.kind() == Kind.TRIMMED) {
                assertThat(found.get(0)).as("nothing returns after a trim").isEqualTo(last.first());
                assertThat(wal.olderSegments().isPending()).isFalse();
            } else if (!trimMayHaveBegun) {
                assertThat(found.get(0)).as("what was added stays").isLessThanOrEqualTo(last.first());
                assertThat(wal.olderSegments().isPending()).isTrue();
            }
            continueFill(storage, wal, history, done.get(0).segments());
        }
    }

    private static void continueFill(FaultyStorage storage, Wal wal, History<Step> history, Map<Long, byte[]> segments)
            throws IOException {
        OlderSegments older = wal.olderSegments();
        if (older.isPending() && history.begun().isEmpty() && older.firstSegment() > 1) {
            long number = older.firstSegment() - 1;
            write(storage, older.temporaryName(number), segments.get(number));
            assertThat(older.add(number)).isTrue();
            history.acknowledge(new Step(Kind.ADDED, first(number)));
            assertThat(assertComplete(storage).get(0)).isEqualTo(first(number));
        }
    }

    private static List<Long> assertComplete(Storage storage) {
        List<Long> found = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            while (reader.next()) {
                found.add(reader.sequence());
            }
        }
        assertThat(found)
                .isEqualTo(LongStream.rangeClosed(found.get(0), found.get(found.size() - 1))
                        .boxed()
                        .toList());
        assertThat(found.get(found.size() - 1)).isGreaterThanOrEqualTo(EACH * (BEGIN + 1));
        assertThat(WalRecovery.verify(ReadOptions.of(storage), (checked, total) -> {})
                        .isSound())
                .isTrue();
        return found;
    }
}
