package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.child.Child;
import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The events of a log in a recording of the Flight Recorder. */
@Timeout(120)
class JfrEventsTest {
    @TempDir
    Path dir;

    private final List<SegmentReport> sealed = new CopyOnWriteArrayList<>();

    private WalConfig.Builder config() {
        return small(DiskStorage.createOrOpen(dir.resolve("log"))).listener(new WalListener() {
            @Override
            public void onRolled(SegmentReport segment) {
                sealed.add(segment);
            }
        });
    }

    private List<RecordedEvent> events(Recording recording) throws IOException {
        recording.stop();
        Path file = dir.resolve("recording.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("io.veloz.wal."))
                .toList();
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("io.veloz.wal." + name))
                .toList();
    }

    @Test
    void everyBatchIsACommit() throws IOException {
        WalStats stats;
        List<RecordedEvent> commits;
        try (Recording recording = new Recording()) {
            recording.enable("io.veloz.wal.Commit").withoutThreshold();
            recording.start();
            try (Wal wal = Wal.open(config().build())) {
                for (int i = 0; i < 30; i++) {
                    wal.appendDurable(1, payload(Logs.kilobyte(i)));
                }
                wal.appendDurable(new RecordGroup().add(1, payload("a")).add(1, payload("b")));
                // The commit thread ends the event of a commit before it writes the next batch.
                wal.appendDurable(1, payload("last"));
                stats = wal.stats();
            }
            commits = named(events(recording), "Commit");
        }
        assertThat(commits).hasSize((int) stats.batches()).hasSize(32);
        assertThat(commits.stream().mapToLong(event -> event.getLong("bytes")).sum())
                .isEqualTo(stats.bytesWritten());
        assertThat(commits.stream().mapToInt(event -> event.getInt("records"))).containsOnly(1, 2);
        assertThat(commits)
                .extracting(event -> event.getLong("firstSequence"))
                .startsWith(1L, 2L, 3L)
                .endsWith(33L);
        assertThat(commits).allSatisfy(event -> {
            assertThat(event.getString("log")).isEqualTo(dir.resolve("log").toString());
            assertThat(event.getThread().getJavaName()).startsWith("veloz-wal-commit");
            assertThat(event.getDuration("force")).isPositive().isLessThanOrEqualTo(event.getDuration());
            assertThat(event.getDuration("write")).isPositive();
        });
    }

    @Test
    void commitsAreNotRecordedByDefault() throws IOException {
        try (Recording recording = new Recording()) {
            recording.start();
            try (Wal wal = Wal.open(config().build())) {
                wal.appendDurable(1, payload("a"));
            }
            List<RecordedEvent> events = events(recording);
            assertThat(named(events, "Commit")).isEmpty();
            assertThat(named(events, "Recovery")).hasSize(1);
        }
    }

    @Test
    void segmentsArePreparedAndRolledAndSealed() throws IOException {
        List<RecordedEvent> events;
        try (Recording recording = new Recording()) {
            recording.start();
            try (Wal wal = Wal.open(config().build())) {
                for (int i = 0; i < 3; i++) {
                    wal.appendDurable(1, payload("a"));
                    wal.roll();
                }
                Logs.await("next segment", () -> Files.exists(dir.resolve("log/.orders_prepared.wal")));
            }
            events = events(recording);
        }
        assertThat(named(events, "SegmentPreparation"))
                .extracting(event -> event.getLong("segment"))
                .containsExactly(2L, 3L, 4L, 5L);
        assertThat(named(events, "SegmentPreparation"))
                .allSatisfy(event -> assertThat(event.getLong("bytes")).isEqualTo(Logs.SEGMENT_BYTES));
        assertThat(named(events, "Roll"))
                .extracting(event -> event.getLong("segment"))
                .containsExactly(2L, 3L, 4L);
        List<RecordedEvent> seals = named(events, "Seal");
        assertThat(seals).hasSize(3).hasSameSizeAs(sealed);
        for (int i = 0; i < seals.size(); i++) {
            assertThat(seals.get(i).getLong("segment")).isEqualTo(sealed.get(i).number());
            assertThat(seals.get(i).getLong("firstSequence"))
                    .isEqualTo(sealed.get(i).firstSequence());
            assertThat(seals.get(i).getLong("lastSequence"))
                    .isEqualTo(sealed.get(i).lastSequence());
            assertThat(seals.get(i).getLong("bytes")).isEqualTo(sealed.get(i).fileBytes());
        }
    }

    @Test
    void recoveryStatesWhatItFound() throws IOException {
        try (Wal wal = Wal.open(config().build())) {
            wal.appendDurable(1, payload("a"));
            wal.roll();
            wal.appendDurable(1, payload("b"));
        }
        RecordedEvent recovery;
        try (Recording recording = new Recording()) {
            recording.start();
            try (Wal wal = Wal.open(config().build())) {
                recovery = named(events(recording), "Recovery").get(0);
                assertThat(recovery.getInt("segments"))
                        .isEqualTo(wal.recovery().segments().size());
            }
        }
        assertThat(recovery.getString("log")).isEqualTo(dir.resolve("log").toString());
        assertThat(recovery.getLong("lastSequence")).isEqualTo(2);
        assertThat(recovery.getLong("quarantinedBytes")).isZero();
    }

    @Test
    void slowCommitsAreAllRecorded() throws IOException {
        AtomicLong clock = new AtomicLong();
        FaultStorage storage = new FaultStorage(new HeapStorage());
        storage.before(Operation.FORCE, () -> {
            if (Thread.currentThread().getName().startsWith("veloz-wal-commit")) {
                clock.addAndGet(Duration.ofMillis(150).toNanos());
            }
        });
        List<RecordedEvent> slow;
        try (Recording recording = new Recording()) {
            recording.start();
            try (Wal wal =
                    Wal.open(small(storage).intervalClockNanos(clock::get).build())) {
                for (int i = 0; i < 3; i++) {
                    wal.appendDurable(1, payload("a"));
                }
                Logs.await("end of the last commit", () -> wal.stats().slowCommits() == 3);
            }
            slow = named(events(recording), "SlowCommit").subList(0, 3);
        }
        assertThat(slow).extracting(event -> event.getLong("firstSequence")).containsExactly(1L, 2L, 3L);
        assertThat(slow).allSatisfy(event -> {
            assertThat(event.getDuration("force")).isEqualTo(Duration.ofMillis(150));
            assertThat(event.getDuration("total")).isEqualTo(Duration.ofMillis(150));
            assertThat(event.getDuration("queued")).isZero();
            assertThat(event.getDuration("stalled")).isZero();
            assertThat(event.getDuration("write")).isZero();
            assertThat(event.getDuration("wakeUp")).isZero();
            assertThat(event.getInt("records")).isEqualTo(1);
        });
    }

    @Test
    void everyEventAndFieldIsDescribed() {
        try (Wal wal = Wal.open(config().build())) {
            wal.appendDurable(1, payload("a"));
            List<EventType> types = FlightRecorder.getFlightRecorder().getEventTypes().stream()
                    .filter(type -> type.getName().startsWith("io.veloz.wal."))
                    .toList();
            assertThat(types).extracting(EventType::getName).contains("io.veloz.wal.Commit", "io.veloz.wal.Recovery");
            assertThat(types).allSatisfy(type -> {
                assertThat(type.getCategoryNames()).containsExactly("Veloz WAL");
                assertThat(type.getLabel()).isNotBlank();
                assertThat(type.getDescription()).isNotBlank();
                assertThat(type.getFields())
                        .allSatisfy(field ->
                                assertThat(field.getLabel()).as(field.getName()).isNotBlank());
            });
        }
    }

    /** A JVM with the module java.base alone, as it may be in a small image. */
    @Test
    void logWorksWithoutTheModulesOfTheFlightRecorderAndOfManagement() throws Exception {
        try (Child child = Child.start("rolls", dir.resolve("log"), "--limit-modules", "java.base")) {
            assertThat(child.rest()).containsExactly("opening", "open 0", "rolled 150");
        }
    }
}
