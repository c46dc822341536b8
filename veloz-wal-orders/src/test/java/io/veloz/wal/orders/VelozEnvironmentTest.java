package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Durability;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VelozEnvironmentTest {
    private static OrderLogConfig read(String... pairs) {
        Map<String, String> variables = new HashMap<>(Map.of("VELOZ_WAL_DIR", "wal", "PATH", "/bin"));
        for (String pair : pairs) {
            variables.put("VELOZ_WAL_" + pair.split("=")[0], pair.split("=", 2)[1]);
        }
        return OrderLogConfig.fromEnvironment(variables);
    }

    private static void assertRejected(String message, String... pairs) {
        assertThatThrownBy(() -> read(pairs))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aSegmentOfOneMebibyteNeedsNoOtherSetting() {
        assertThat(read("MAX_SIZE_MB=1", "CHECKPOINT_INTERVAL=60s").wal().segmentBytes())
                .isEqualTo(1 << 20);
    }

    @Test
    void logMayHaveToExist() {
        assertThat(read().wal().mustExist()).isFalse();
        assertThat(read("MUST_EXIST=true").wal().mustExist()).isTrue();
        assertRejected("VELOZ_WAL_MUST_EXIST", "MUST_EXIST=perhaps");
    }

    @Test
    void deploymentVariablesAreRead() {
        OrderLogConfig config =
                read("ENABLED=true", "MAX_SIZE=33554432", "MAX_FILES=10", "SYNC=true", "CHECKPOINT_INTERVAL=1000");
        assertThat(config.wal().segmentBytes()).isEqualTo(33_554_432);
        assertThat(config.wal().durability()).isEqualTo(Durability.LOSE_NOTHING);
        assertThat(config.keepSegments()).isEqualTo(10);
        assertThat(config.checkpointEveryRecords()).isEqualTo(1000);
        assertThat(config.checkpointInterval()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void userGuideVariablesAreRead() {
        OrderLogConfig config = read("MAX_SIZE_MB=100", "SYNC_MODE=async", "CHECKPOINT_INTERVAL=60");
        assertThat(config.wal().segmentBytes()).isEqualTo(100L * 1024 * 1024);
        assertThat(config.wal().durability()).isEqualTo(Durability.LOSE_UNFORCED);
        assertThat(config.checkpointInterval()).isEqualTo(Duration.ofSeconds(60));
        assertThat(config.checkpointEveryRecords()).isEqualTo(100_000);
    }

    @Test
    void bothSetsAreAcceptedIfTheyAgree() {
        OrderLogConfig config =
                read("MAX_SIZE=67108864", "MAX_SIZE_MB=64", "SYNC=false", "SYNC_MODE=async", "CHECKPOINT_INTERVAL=60s");
        assertThat(config.wal().segmentBytes()).isEqualTo(64L * 1024 * 1024);
        assertThat(config.wal().durability()).isEqualTo(Durability.LOSE_UNFORCED);
        assertThat(config.checkpointInterval()).isEqualTo(Duration.ofSeconds(60));
        assertThat(read("CHECKPOINT_INTERVAL=1000entries").checkpointEveryRecords())
                .isEqualTo(1000);
    }

    @Test
    void contradictionsAreRejectedWithTheNames() {
        assertRejected(
                "VELOZ_WAL_MAX_SIZE=1000000 contradicts VELOZ_WAL_MAX_SIZE_MB=100",
                "MAX_SIZE=1000000",
                "MAX_SIZE_MB=100");
        assertRejected("VELOZ_WAL_SYNC=true contradicts VELOZ_WAL_SYNC_MODE=async", "SYNC=true", "SYNC_MODE=async");
        assertRejected("VELOZ_WAL_CHECKPOINT_INTERVAL=1000 is ambiguous", "CHECKPOINT_INTERVAL=1000");
        assertRejected("ambiguous", "CHECKPOINT_INTERVAL=1000", "SYNC=true", "SYNC_MODE=fsync");
    }

    @Test
    void invalidValuesAreRejectedWithTheName() {
        assertRejected("VELOZ_WAL_SYNC_MODE=rsync is a copy mode of the old backup script", "SYNC_MODE=rsync");
        assertRejected("VELOZ_WAL_SYNC_MODE=often: expected fsync or async", "SYNC_MODE=often");
        assertRejected("VELOZ_WAL_SYNC=yes: expected true or false", "SYNC=yes");
        assertRejected("VELOZ_WAL_MAX_SIZE=64M: expected a whole number", "MAX_SIZE=64M");
        assertRejected("VELOZ_WAL_MAX_SIZE=100: segmentBytes 100: expected", "MAX_SIZE=100");
        assertRejected("VELOZ_WAL_MAX_FILES=-1: expected 0 to", "MAX_FILES=-1");
        assertRejected("VELOZ_WAL_RETENTION_DAYS=week: expected a whole number", "RETENTION_DAYS=week");
        assertRejected("VELOZ_WAL_MAX_SIZES is unknown", "MAX_SIZES=5");
    }

    @Test
    void missingDirectoryIsRejectedBecauseTheDocumentsNameTwo() {
        assertThatThrownBy(() -> OrderLogConfig.fromEnvironment(Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VELOZ_WAL_DIR is not set")
                .hasMessageContaining("/var/lib/veloz/wal");
    }

    @Test
    void effectiveConfigurationIsPrinted() {
        assertThat(read("MAX_SIZE_MB=100", "CHECKPOINT_INTERVAL=60s").toString())
                .contains(
                        "directory = wal",
                        "segmentBytes = 104857600",
                        "checkpointInterval = PT1M",
                        "durability = LOSE_NOTHING");
    }
}
