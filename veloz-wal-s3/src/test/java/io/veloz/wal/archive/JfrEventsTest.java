package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The events of an archive in a recording of the Flight Recorder. */
@Timeout(120)
class JfrEventsTest {
    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();

    private List<RecordedEvent> events(Recording recording, String name) throws IOException {
        recording.stop();
        Path file = dir.resolve("recording.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    private void ship(ShipperConfig config) {
        ship(config, 1);
    }

    /** Ships each record in a slot of its own, from slot 2 on. */
    private void ship(ShipperConfig config, int records) {
        try (Wal wal = Wal.open(dir.resolve("log"));
                WalShipper shipper = WalShipper.start(wal, config)) {
            for (int i = 0; i < records; i++) {
                long last = wal.appendDurable(1, ByteBuffer.allocate(100));
                assertThat(shipper.awaitArchived(last, Duration.ofMinutes(1))).isTrue();
            }
        }
    }

    @Test
    void everyPutOfAShipperIsRecorded() throws IOException {
        AtomicInteger puts = new AtomicInteger();
        heap.plan(request -> {
            if (request.kind() == Kind.PUT) {
                puts.incrementAndGet();
            }
            return null;
        });
        List<RecordedEvent> ships;
        try (Recording recording = new Recording()) {
            recording.start();
            ship(ShipperConfig.builder(heap).build());
            ships = events(recording, "io.veloz.wal.Ship");
        }
        assertThat(ships).hasSize(puts.get());
        assertThat(ships)
                .extracting(event -> event.getString("key"))
                .contains(ArchiveKeys.LOG, ArchiveKeys.slot(1), ArchiveKeys.slot(2));
        assertThat(ships).allSatisfy(event -> {
            assertThat(event.getString("archive")).isEqualTo(heap.describe());
            assertThat(event.getLong("bytes")).isEqualTo(heap.objects().get(event.getString("key")).length);
        });
        // Every start puts log.json, which exists from the first one on.
        assertThat(ships)
                .filteredOn(event -> !event.getString("key").equals(ArchiveKeys.LOG))
                .allSatisfy(event -> assertThat(event.getBoolean("created")).isTrue());
    }

    /**
     * In slot 3, which no other test asks for: after a recording with the same text twice, the Flight Recorder of JDK 17 may
     * lose that text in the next recording.
     */
    @Test
    void putThatFailsIsRecordedAsNotCreated() throws IOException {
        AtomicInteger failures = new AtomicInteger();
        heap.plan(request -> {
            boolean fails = request.kind() == Kind.PUT
                    && request.key().equals(ArchiveKeys.slot(3))
                    && failures.getAndIncrement() == 0;
            return fails ? Fault.FAIL : null;
        });
        List<RecordedEvent> ships;
        try (Recording recording = new Recording()) {
            recording.start();
            ship(ShipperConfig.builder(heap).build(), 2);
            ships = events(recording, "io.veloz.wal.Ship");
        }
        assertThat(ships)
                .filteredOn(event -> event.getString("key").equals(ArchiveKeys.slot(3)))
                .extracting(event -> event.getBoolean("created"))
                .containsExactly(false, true);
    }

    @Test
    void restoreStatesWhatItRestored() throws IOException {
        String archive = dir.resolve("archive").toUri().toString();
        ship(ShipperConfig.builder(archive).build());
        RestoreReport report;
        List<RecordedEvent> restores;
        try (Recording recording = new Recording()) {
            recording.start();
            report = WalRecovery.restoreFrom(archive, RestoreOptions.into(dir.resolve("restored")));
            restores = events(recording, "io.veloz.wal.Restore");
        }
        assertThat(restores).hasSize(1);
        RecordedEvent restore = restores.get(0);
        assertThat(restore.getString("log")).isEqualTo(dir.resolve("restored").toString());
        assertThat(restore.getString("archive")).startsWith("file:").contains("archive");
        assertThat(restore.getString("outcome")).isEqualTo("RESTORED");
        assertThat(restore.getLong("lastSequence")).isEqualTo(1);
        assertThat(restore.getLong("records")).isEqualTo(1);
        assertThat(restore.getLong("fetchedBytes"))
                .isEqualTo(report.fetchedBytes())
                .isPositive();
        assertThat(restore.getEventType().getCategoryNames()).containsExactly("Veloz WAL");
    }
}
