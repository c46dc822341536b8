package io.veloz.wal.ops.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.veloz.wal.WalConfig;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    private static final long MIB = Cases.MIB;

    private static Settings of(Cases cases) {
        return Settings.of(cases.measured());
    }

    @Test
    void usualDiskSuitsTheDefaults() {
        Settings settings = of(Cases.usual());
        WalConfig defaults = WalConfig.builder(Path.of("x")).build();
        assertThat(settings.segmentBytes()).isEqualTo(defaults.segmentBytes());
        assertThat(settings.maxBatchBytes()).isEqualTo(defaults.maxBatchBytes());
        assertThat(settings.bufferBytes()).isEqualTo(defaults.bufferBytes());
        assertThat(settings.heartbeatDelay()).isEqualTo(defaults.heartbeatDelay());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 1_000, 100_000, 10_000_000, 1_000_000_000, 60_000_000_000L})
    void everyDiskGetsSettingsThatTheLogAccepts(long nanos) {
        Cases cases = Cases.usual();
        for (Series series : Series.values()) {
            cases.nanos(series, nanos);
        }
        for (long fill : new long[] {1, 100 * MIB, 100_000 * MIB}) {
            Settings settings = of(cases.fillRate(fill));
            assertThatCode(() -> WalConfig.builder(Path.of("x"))
                            .segmentBytes(settings.segmentBytes())
                            .maxBatchBytes(settings.maxBatchBytes())
                            .bufferBytes(settings.bufferBytes())
                            .forceInterval(settings.forceInterval())
                            .heartbeatDelay(settings.heartbeatDelay())
                            .build())
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void slowRollNeedsLargerSegments() {
        // 3 ms a roll, one of 100 parts of the time, at 500 MiB/s: 150 MiB.
        Cases slow = Cases.usual().nanos(Series.RENAME, 1_000_000).nanos(Series.DIRECTORY_FORCE, 2_000_000);
        assertThat(of(slow).segmentBytes()).isEqualTo(256 * MIB);
        assertThat(of(slow.nanos(Series.DIRECTORY_FORCE, 1_000_000_000)).segmentBytes())
                .isEqualTo(1024 * MIB);
    }

    @Test
    void segmentThatWouldBeFilledForTooLongIsSmaller() {
        assertThat(of(Cases.usual().fillRate(16 * MIB)).segmentBytes()).isEqualTo(64 * MIB);
        assertThat(of(Cases.usual().fillRate(15 * MIB)).segmentBytes()).isEqualTo(32 * MIB);
        assertThat(of(Cases.usual().fillRate(MIB)).segmentBytes()).isEqualTo(16 * MIB);
    }

    @Test
    void batchThatTakesTooLongIsSmaller() {
        assertThat(of(Cases.usual().nanos(Series.FORCED_BATCH, 10_000_000)).maxBatchBytes())
                .isEqualTo(1024 * 1024);
        assertThat(of(Cases.usual().nanos(Series.FORCED_BATCH, 20_000_000)).maxBatchBytes())
                .isEqualTo(512 * 1024);
    }

    @Test
    void batchThatTakesNoLongerThanAnyForceStays() {
        Cases slow = Cases.usual();
        for (Series series : Series.values()) {
            slow.nanos(series, 50_000_000);
        }
        assertThat(of(slow).maxBatchBytes()).isEqualTo(1024 * 1024);
    }

    @Test
    void bufferHoldsWhatFullBatchesWriteDuringARareForce() {
        // 500 MiB/s for 40 ms are 20 MiB.
        Latencies tail = new Latencies(10_000, 100_000, 100_000, 100_000, 40_000_000, 40_000_000);
        assertThat(of(Cases.usual().set(Series.FORCED_4K, tail)).bufferBytes()).isEqualTo(32 * 1024 * 1024);
    }

    @Test
    void intervalsFollowTheForce() {
        Latencies force = new Latencies(10_000, 100_000, 100_000, 6_000_000, 7_000_000, 40_000_000);
        Settings settings = of(Cases.usual().set(Series.FORCED_4K, force));
        assertThat(settings.forceInterval()).isEqualTo(Duration.ofMillis(50));
        assertThat(settings.heartbeatDelay()).isEqualTo(Duration.ofMillis(100));
        assertThat(settings.slowCommitThreshold()).isEqualTo(Duration.ofMillis(50));
    }

    @Test
    void tooFewSamplesHaveALongestForceOnly() {
        Latencies few = new Latencies(999, 100_000, 100_000, 100_000, 200_000, 200_000);
        assertThat(of(Cases.usual().set(Series.FORCED_4K, few)).advice())
                .extracting(Settings.Advice::reason)
                .contains("what full batches write in 200 us, the longest force")
                .noneMatch(reason -> reason.contains("p99.9"));
    }

    @Test
    void adviceNamesTheMethodsOfTheBuilderAndTheFigures() {
        assertThat(of(Cases.usual()).advice())
                .extracting(Settings.Advice::code)
                .containsExactly(
                        ".segmentBytes(64L << 20)",
                        ".maxBatchBytes(1024 * 1024)",
                        ".bufferBytes(8 << 20)",
                        ".forceInterval(Duration.ofMillis(1))",
                        ".heartbeatDelay(Duration.ofMillis(50))",
                        ".slowCommitThreshold(Duration.ofMillis(1))");
        assertThat(of(Cases.usual()).advice())
                .extracting(Settings.Advice::reason)
                .allMatch(reason -> reason.matches(".*\\d.*"));
    }
}
