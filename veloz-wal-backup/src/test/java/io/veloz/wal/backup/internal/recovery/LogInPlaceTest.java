package io.veloz.wal.backup.internal.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Bracket;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database is brought up to date only from a log that has every record that it lacks. */
class LogInPlaceTest {
    private static final String DIGEST = "0".repeat(64);

    @TempDir
    Path dir;

    private String logId = "";

    @BeforeEach
    void writeThreeRecords() throws IOException {
        try (Wal wal = Wal.open(log())) {
            write(wal, 3);
        }
        logId = LogFiles.of(log()).logId().orElseThrow();
    }

    private Path log() {
        return dir.resolve("wal");
    }

    private static void write(Wal wal, int records) {
        for (int i = 0; i < records; i++) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[] {7}));
        }
    }

    private Optional<EngineSettings> engine() {
        return Optional.of(new EngineSettings(
                log(), "orders", List.of(), List.of(), Optional.empty(), Optional.empty(), Duration.ofSeconds(1)));
    }

    private LogInPlace part(String id, long upTo, LogLocks locks) {
        Attachment attachment = Attachment.builder(Kind.CONFIGURATION, "a".repeat(32))
                .bracket(new Bracket(0, upTo))
                .build();
        RecoveryPoint point = RecoveryPoint.of(
                1, id, DIGEST, Instant.EPOCH, "db1", new RecoveryPoint.Tip(1, DIGEST, upTo), List.of(attachment));
        return new LogInPlace(new LocalLog(engine().orElseThrow(), locks), point, 1);
    }

    /** Returns the details of the gates that are not passed. */
    private static List<String> failed(LogInPlace part) throws IOException {
        return part.gates().stream()
                .filter(gate -> !gate.passed())
                .map(Part.Gate::detail)
                .toList();
    }

    private List<String> failed(String id, long upTo) throws IOException {
        try (LogLocks locks = new LogLocks(engine())) {
            locks.add(log());
            return failed(part(id, upTo, locks));
        }
    }

    @Test
    void logThatReachesThePointPasses() throws IOException {
        assertThat(failed(logId, 3)).isEmpty();
    }

    @Test
    void logThatEndsBeforeThePointFails() throws IOException {
        assertThat(failed(logId, 4))
                .containsExactly("it ends with record 3; the point needs 4: restore the log with the database");
    }

    @Test
    void anotherLogFails() throws IOException {
        assertThat(failed("f".repeat(32), 3))
                .containsExactly(log() + " has log " + logId + "; the point belongs to log " + "f".repeat(32)
                        + ": restore the log with the database");
    }

    @Test
    void damagedLogFails() throws IOException {
        Path first = log().resolve(LogFiles.of(log()).sealedName(1));
        Files.write(first, Arrays.copyOf(Files.readAllBytes(first), 4096 + 20));
        assertThat(failed(logId, 0))
                .singleElement()
                .asString()
                .contains(log() + " is damaged: orders_0000000000000001.wal: CORRUPT");
    }

    @Test
    void logThatDoesNotExistFails() throws IOException {
        Files.move(log(), dir.resolve("lost"));
        assertThat(failed(logId, 3)).singleElement().asString().contains("cannot be read");
    }

    @Test
    void lastRecordOfAProcessThatDiedCounts() throws IOException {
        Path open = dir.resolve("open");
        Files.move(log(), open);
        try (Wal wal = Wal.open(open)) {
            // No later batch states that it is durable.
            write(wal, 1);
            Files.createDirectory(log());
            try (DirectoryStream<Path> files = Files.newDirectoryStream(open)) {
                for (Path file : files) {
                    Files.copy(file, log().resolve(file.getFileName()));
                }
            }
        }
        assertThat(failed(logId, 4)).isEmpty();
    }

    @Test
    void planNamesWhatWillBeRefused() throws IOException {
        try (LogLocks none = new LogLocks(engine())) {
            LogInPlace part = part(logId, 4, none);
            part.describe();
            assertThat(part.findings())
                    .containsExactly("the recovery will be refused: it ends with record 3; the point needs 4: restore"
                            + " the log with the database");
        }
    }

    @Test
    void recordsThatTheArchiveHasRetiredAreNamedWithWhatCanBeDone() {
        Part.Gate gate = LogPart.beginsEarlyEnough(3, 9, 2);
        assertThat(gate.passed()).isFalse();
        assertThat(gate.detail()).contains("The log in place was trimmed");
        assertThat(LogPart.explained(gate, 2, 0, 0)).isEqualTo(gate);
        assertThat(LogPart.explained(gate, 2, 2, 7)).isEqualTo(gate);
        Part.Gate retired = LogPart.explained(gate, 2, 3, 7);
        assertThat(retired.passed()).isFalse();
        assertThat(retired.detail())
                .contains("the archive has retired the records before 3 (care record 7)")
                .contains("Recover a later point")
                .doesNotContain("restore the log with the database");
    }
}
