package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.PREPARED;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A log that ends before its newest checkpoint, because its last files were lost or replaced. If it were opened, it
 * would assign sequences a second time, and a replay from the checkpoint would skip the new records.
 */
class CheckpointBeyondEndTest {
    /**
     * A log of records 1 to 10 and a checkpoint that covers them, with older versions of all files but the checkpoint.
     */
    private MemoryStorage storage = new MemoryStorage();

    @BeforeEach
    void putAnOlderLogNextToTheCheckpoint() {
        MemoryStorage older;
        MemoryStorage log = new MemoryStorage();
        try (Wal wal = TestLog.open(log)) {
            TestLog.append(wal, 3);
            wal.roll();
            TestLog.append(wal, 3);
            wal.sync();
            older = log.copy();
            TestLog.append(wal, 4);
            wal.writeCheckpoint(10, out -> out.write(7));
        }
        storage = older.put(".orders_checkpoint_a", log.bytes(".orders_checkpoint_a"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void logThatEndsBeforeItsCheckpointIsRefusedAndNothingIsChanged(boolean acceptMissingEnds) {
        Map<String, Integer> before = storage.content();
        WalConfig config =
                TestLog.config(storage).acceptMissingEnds(acceptMissingEnds).build();
        assertThatThrownBy(() -> Wal.open(config))
                .isInstanceOfSatisfying(WalCorruptException.class, e -> {
                    assertThat(e.firstSequence()).isEqualTo(7);
                    assertThat(e.lastSequence()).isEqualTo(10);
                })
                .hasMessageContaining("record 7 to 10")
                .hasMessageContaining("the log ends with record 6")
                .hasMessageContaining(".orders_checkpoint_a");
        assertThat(storage.content()).isEqualTo(before);
    }

    @Test
    void lostLastSegmentIsNamedWithTheRecordsTheCheckpointCovers() {
        storage.remove(CURRENT);
        if (storage.has(PREPARED)) {
            storage.remove(PREPARED);
        }
        assertThatThrownBy(() -> TestLog.open(storage))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining(CURRENT + ", record 4 to 10");
        assertThatThrownBy(() ->
                        Wal.open(TestLog.config(storage).acceptMissingEnds(true).build()))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("record 4 to 10");
    }

    @Test
    void readingEndsWithTheLossAndASalvageReportsIt() {
        assertThatThrownBy(() -> TestLog.read(storage))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("record 7 to 10");
        try (WalReader reader = WalReader.open(ReadOptions.of(storage).salvage())) {
            assertThat(TestLog.rest(reader)).hasSize(6);
            assertThat(reader.lost()).singleElement().satisfies(range -> {
                assertThat(range.firstSequence()).isEqualTo(7);
            });
        }
        assertThat(WalRecovery.inspect(ReadOptions.of(storage)).lost())
                .singleElement()
                .satisfies(range -> assertThat(range.lastSequence()).isEqualTo(10));
    }

    /** A copy gets its checkpoint at any time, and its segments one after the other. */
    @Test
    void segmentOfACopyWhoseNextSegmentsAreStillToComeIsSealed() throws IOException {
        if (storage.has(PREPARED)) {
            storage.remove(PREPARED);
        }
        LogFiles copy = LogFiles.of(storage, "orders");
        copy.sealCurrent();
        assertThat(storage.has(CURRENT)).isFalse();
        assertThat(copy.sealed(2)).hasValueSatisfying(segment -> {
            assertThat(segment.firstSequence()).isEqualTo(4);
            assertThat(segment.lastSequence()).isEqualTo(6);
        });
    }

    /** A damaged checkpoint is never needed, and its sequence cannot be trusted. */
    @Test
    void damagedCheckpointBeyondTheEndDoesNotCount() {
        byte[] bytes = storage.bytes(".orders_checkpoint_a");
        storage.flip(".orders_checkpoint_a", bytes.length - 1, 1);
        TestLog.open(storage).close();
        assertThat(TestLog.read(storage)).hasSize(6);
    }

    @Test
    void checkpointOfAnotherLogDoesNotCount() {
        MemoryStorage other = new MemoryStorage();
        try (Wal wal = TestLog.open(other)) {
            TestLog.append(wal, 2);
        }
        other.put(".orders_checkpoint_a", storage.bytes(".orders_checkpoint_a"));
        TestLog.open(other).close();
        assertThat(TestLog.read(other)).hasSize(2);
    }

    @Test
    void checkpointOfTheLastRecordIsWithinTheLog() {
        MemoryStorage log = new MemoryStorage();
        try (Wal wal = TestLog.open(log)) {
            TestLog.append(wal, 2);
            wal.writeCheckpoint(2, out -> out.write(7));
        }
        TestLog.open(log).close();
        assertThat(log.has(sealed(1))).isTrue();
        assertThat(TestLog.read(log)).hasSize(2);
    }
}
