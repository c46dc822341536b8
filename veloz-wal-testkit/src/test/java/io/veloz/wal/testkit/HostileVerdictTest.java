package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import io.veloz.wal.testkit.HostileFiles.Kind;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * All ways of reading agree on hostile files. A log that {@code verify} calls sound can be opened, read, copied
 * and salvaged completely. A log that an inspection calls damaged is always refused. An unknown version is
 * reported as such.
 *
 * <p>{@code -Dwal.seed} and {@code -Dwal.rounds} work as in {@link HostileFilesTest}.
 */
@Tag("enumeration")
class HostileVerdictTest {
    private static final int READINGS = 4;

    @Test
    void allWaysOfReadingAgree() {
        HostileCase.forEachUnchanged(READINGS, hostile -> {
            RecoveryReport inspected = WalRecovery.inspect(hostile.options());
            RecoveryReport verified = WalRecovery.verify(hostile.options(), WalProgress.NONE);
            Reading strict = new Reading(hostile.options());
            Reading salvaged = new Reading(hostile.options().salvage());
            if (verified.isSound()) {
                assertThat(inspected.isSound()).as("inspected").isTrue();
                assertThat(strict.error).as("strict reader").isNull();
                assertThat(strict.records).hasSize((int) verified.records());
                assertThat(salvaged.records).as("salvaged").isEqualTo(strict.records);
                assertThat(lastCopied(hostile)).as("exact copy").isEqualTo(verified.lastSequence());
                for (int i = 0; i < strict.records.size(); i += 1 + strict.records.size() / 3) {
                    Seen record = strict.records.get(i);
                    Reading from = new Reading(hostile.options().fromSequence(record.sequence()));
                    assertThat(from.records).as("from %s", record).startsWith(record);
                }
            }
            if (strict.error instanceof WalException) {
                assertThat(verified.isSound())
                        .as("verified, but read: %s", strict.error)
                        .isFalse();
            }
            if (!inspected.isSound()) {
                assertThat(verified.isSound()).as("verified").isFalse();
                assertThat(strict.error).as("strict reader").isNotNull();
            }
        });
    }

    private static long lastCopied(HostileCase hostile) throws IOException {
        long last = Math.max(0, WalRecovery.inspect(hostile.options()).expectedFirstSequence() - 1);
        try (SegmentReader reader = SegmentReader.open(LogFiles.of(hostile.disk(), "orders"), 0, 0, 0)) {
            while (reader.next()) {
                last = Math.max(last, reader.lastSequence());
            }
        }
        return last;
    }

    @Test
    void openAgreesWithTheInspection() {
        HostileCase.forEach(hostile -> {
            RecoveryReport inspected = WalRecovery.inspect(hostile.options());
            RecoveryReport verified = WalRecovery.verify(hostile.options(), WalProgress.NONE);
            boolean unknown = inspected.segments().stream()
                    .anyMatch(segment -> segment.verdict() == SegmentReport.Verdict.UNKNOWN_VERSION);
            Reading before = new Reading(hostile.options());
            try (Wal wal = Wal.open(LogWorkload.config(hostile.disk()).build())) {
                assertThat(inspected.isSound()).as("inspected, but opened").isTrue();
                assertThat(wal.lastSequence()).isEqualTo(inspected.lastSequence());
            } catch (WalVersionException e) {
                // A reader may accept feature flags that a writer must reject.
                assertThat(unknown || (hostile.files().kind() == Kind.LIES && inspected.isSound()))
                        .as("inspected, but: %s", e)
                        .isTrue();
                return;
            } catch (WalCorruptException e) {
                assertThat(inspected.isSound()).as("inspected, but: %s", e).isFalse();
                return;
            }
            if (verified.isSound()) {
                assertThat(new Reading(hostile.options()).records).isEqualTo(before.records);
                assertThat(WalRecovery.verify(hostile.options(), WalProgress.NONE)
                                .isSound())
                        .as("verified after the open")
                        .isTrue();
            }
        });
    }
}
