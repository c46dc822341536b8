package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreProgress.Stage;
import io.veloz.wal.restore.RestoreReport;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Values as they are printed in an incident: one line of key=value, with times as ISO instants. */
class PrintedValuesTest {
    private static final Instant TIME = Instant.parse("2026-03-04T05:06:07.000000008Z");

    private static final Duration TOOK = Duration.ofMillis(5);

    private final MemoryStorage storage = new MemoryStorage();
    private Wal wal;

    @BeforeEach
    void writeLog() {
        wal = TestLog.open(storage);
        wal.appendDurable(
                new RecordGroup().add(1, TIME, TestLog.bytes("a")).add(2, TIME.plusSeconds(1), TestLog.bytes("b")));
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private static void assertOneLine(Object value, String... parts) {
        assertThat(value.toString())
                .startsWith(value.getClass().getSimpleName() + "[")
                .endsWith("]")
                .doesNotContain("\n")
                .contains(parts);
    }

    @Test
    void logShowsItsStateAndSequences() {
        assertOneLine(wal, "prefix=orders", "state=open", "lastSequence=2", "durableSequence=2");
        assertOneLine(wal.stats(), "recordsWritten=2", "durableLag=0", "failed=false");
        assertOneLine(wal.files(), "prefix=orders");
        wal.close();
        assertOneLine(wal, "state=closed");
    }

    @Test
    void groupShowsItsSizes() {
        assertOneLine(new RecordGroup().add(1, ByteBuffer.allocate(7)), "records=1", "payloadBytes=7");
    }

    @Test
    void readerShowsItsPositionAndOptions() {
        try (WalReader reader = wal.reader(ReadOptions.of(storage)
                .fromTime(TIME)
                .untilTime(TIME.plusSeconds(1))
                .salvage())) {
            assertThat(reader.next()).isTrue();
            assertThat(reader.timestamp()).isEqualTo(TIME);
            assertOneLine(
                    reader,
                    "sequence=1",
                    "closed=false",
                    "fromSequence=oldest",
                    "fromTime=2026-03-04T05:06:07.000000008Z",
                    "untilTime=2026-03-04T05:06:08.000000008Z",
                    "salvage=true");
        }
    }

    @Test
    void reportsShowTimesAsInstants() throws Exception {
        WalCheckpoint checkpoint = wal.writeCheckpoint(2, out -> out.write(1));
        assertThat(checkpoint.created().getEpochSecond()).isEqualTo(checkpoint.createdNanos() / 1_000_000_000);
        assertOneLine(checkpoint, "sequence=2", "created=" + checkpoint.created(), "contentBytes=1");
        wal.roll();
        var sealed = wal.files().sealed(1).orElseThrow();
        assertThat(sealed.minTimestamp()).isEqualTo(TIME);
        assertThat(sealed.maxTimestamp()).isEqualTo(TIME.plusSeconds(1));
        assertOneLine(sealed, "records=2", "minTimestamp=" + TIME);
        RecoveryReport report = WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE);
        assertOneLine(report, "sound=true", "records=2", "badSegments=[]");
        SegmentReport segment = report.segments().get(0);
        assertThat(segment.minTimestamp()).contains(TIME);
        assertThat(segment.maxTimestamp()).contains(TIME.plusSeconds(1));
        assertOneLine(segment, "verdict=SEALED", "maxTimestamp=" + TIME.plusSeconds(1));
        assertThat(report.segments().get(1).minTimestamp()).isEmpty();
    }

    @Test
    void restoreOptionsShowNoSecret() {
        RestoreOptions options = RestoreOptions.into(Path.of("target"))
                .untilTime(TIME)
                .storeSetting("endpoint", "http://user:hidden@store")
                .storeSetting("accessKey", "hidden");
        assertOneLine(options, "directory=target", "untilTime=" + TIME, "storeSettings=[accessKey, endpoint]");
        assertThat(options.toString()).doesNotContain("hidden");
    }

    @Test
    void restoreReportShowsItsPlan() {
        RestorePlan plan = RestorePlan.builder("s3://bucket/log", "0".repeat(32))
                .lastSequence(7)
                .lastWritten(TIME)
                .build();
        RestoreReport report = RestoreReport.builder(plan, Path.of("target"), RestoreReport.Outcome.RESTORED)
                .records(7)
                .lastTimestampNanos(1)
                .notes(List.of("a note"))
                .took(Map.of(Stage.CHECK, TOOK, Stage.FETCH, TOOK, Stage.COPY, TOOK, Stage.PROVE, TOOK))
                .build();
        // As the README prints it.
        assertThat(report.took().keySet()).containsExactly(Stage.PROVE, Stage.FETCH, Stage.CHECK, Stage.COPY);
        assertThat(report.lastTimestamp()).contains(Instant.EPOCH.plusNanos(1));
        assertOneLine(report, "outcome=RESTORED", "lastTimestamp=1970-01-01T00:00:00.000000001Z", "notes=[a note]");
        assertOneLine(plan, "lastSequence=7", "lastWritten=" + TIME, "gaps=[]");
        assertThat(RestoreReport.builder(plan, Path.of("target"), RestoreReport.Outcome.RESTORED)
                        .build()
                        .lastTimestamp())
                .isEmpty();
    }
}
