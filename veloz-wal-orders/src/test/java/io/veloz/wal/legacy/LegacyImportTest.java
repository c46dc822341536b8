package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LegacyImportTest {
    @TempDir
    Path scratch;

    private Path target;

    @BeforeEach
    void setTarget() {
        target = scratch.resolve("imported");
    }

    private WalConfig.Builder config() {
        return WalConfig.builder(target).segmentBytes(1024 * 1024).maxBatchBytes(64 * 1024);
    }

    private LegacyImportReport importCase(String name) {
        return LegacyImport.run(LegacyCases.log(name, scratch), config().build(), WalProgress.NONE);
    }

    @ParameterizedTest
    @MethodSource("io.veloz.wal.legacy.LegacyCases#all")
    void importedLogReplaysToTheSameOrders(String name) {
        LegacyImportReport report = importCase(name);

        OrderStore store = new OrderStore();
        OrderCodec codec = new OrderCodec();
        try (WalReader reader = WalReader.open(ReadOptions.of(target))) {
            while (reader.next()) {
                store.apply(reader.sequence(), reader.timestampNanos(), codec.decode(reader.type(), reader.payload()));
            }
        }
        assertThat(store.orders())
                .isEqualTo(LegacyCases.log(name, scratch)
                        .replay(LegacyMode.DEFAULT)
                        .orders());
        assertThat(store.appliedSequence()).isEqualTo(report.records());
        assertThat(scratch.resolve("imported.partial")).doesNotExist();
    }

    @Test
    void timesAndOrderOfTheOldLogAreKept() {
        List<Long> old = new ArrayList<>();
        LegacyCases.log("a-small", scratch).forEach((sequence, nanos, event) -> old.add(nanos));
        importCase("a-small");
        List<Long> imported = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(target))) {
            while (reader.next()) {
                imported.add(reader.timestampNanos());
            }
        }
        assertThat(imported).isEqualTo(old).isNotEmpty();
    }

    @Test
    void progressEndsAtTheBytesOfAllFiles() {
        long[] last = new long[2];
        LegacyImport.run(LegacyCases.log("b-typical", scratch), config().build(), (done, total) -> {
            assertThat(done).isGreaterThanOrEqualTo(last[0]);
            last[0] = done;
            last[1] = total;
        });
        assertThat(last).containsExactly(3_740_937, 3_740_937);
    }

    @Test
    void targetWithRecordsIsRejectedAndUnchanged() {
        try (Wal wal = Wal.open(config().build())) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[8]));
        }
        assertThatThrownBy(() -> importCase("a-small"))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("is not empty");
        try (WalReader reader = WalReader.open(ReadOptions.of(target))) {
            assertThat(reader.next()).isTrue();
            assertThat(reader.next()).isFalse();
        }
    }

    @Test
    void failedImportLeavesNoTargetDirectory() throws IOException {
        LegacyLog log = LegacyCases.log("b-typical", scratch);
        assertThatThrownBy(() -> LegacyImport.run(log, config().build(), (done, total) -> {
                    throw new IllegalStateException("killed");
                }))
                .hasMessage("killed");
        assertThat(target).doesNotExist();
        assertThat(scratch.resolve("imported.partial")).isDirectory();

        assertThatThrownBy(() -> importCase("a-small"))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("left from an earlier attempt");
        assertThat(target).doesNotExist();
        assertThat(Files.list(scratch.resolve("imported.partial"))).isNotEmpty();
    }

    @Test
    void eventThatExceedsTheLimitOfTheNewLogIsReported() {
        WalConfig small = config().maxBatchBytes(4096).bufferBytes(8192).build();
        Path files = scratch.resolve("old");
        new LegacyWriter().placed("X".repeat(5000), 1, 1).writeTo(files, "orders_0000000000000000.wal");
        assertThatThrownBy(() -> LegacyImport.run(LegacyLog.open(files), small, WalProgress.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("entry 1 of the old log needs");
    }
}
