package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.PREPARED;
import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Files that are missing, duplicated, foreign, exchanged, or not files of the log. */
@Timeout(120)
class NamesTest {
    private static MemoryStorage log;
    private static List<TestLog.LoggedRecord> all;

    @BeforeAll
    static void writeLog() {
        log = log();
        all = read(log);
    }

    /** Returns a log with sealed segments 1 to 3, current segment 4 and prepared segment 5. */
    private static MemoryStorage log() {
        return TestLog.idle(wal -> {
            for (int i = 0; i < 3; i++) {
                TestLog.append(wal, 3);
                wal.roll();
            }
            TestLog.append(wal, 1);
        });
    }

    private static WalCorruptException refused(MemoryStorage storage, String file) {
        var before = storage.content();
        WalCorruptException refusal = null;
        try {
            TestLog.open(storage).close();
        } catch (WalCorruptException e) {
            refusal = e;
        }
        assertThat(refusal).as("open without a complaint about " + file).isNotNull();
        assertThat(refusal).hasMessageContaining(file);
        assertThat(storage.content()).as("a refused open changes nothing").isEqualTo(before);
        assertThatThrownBy(() -> read(storage)).isInstanceOf(WalCorruptException.class);
        return refusal;
    }

    @Test
    void missingSegmentIsNamedWithItsRecords() {
        for (int number = 1; number <= 3; number++) {
            WalCorruptException e = refused(log.copy().remove(sealed(number)), sealed(number));
            assertThat(e.firstSequence()).isEqualTo(number * 3 - 2);
            assertThat(e.lastSequence()).isEqualTo(number * 3);
        }
    }

    @Test
    void missingCurrentSegmentIsNamed() {
        refused(log.copy().remove(CURRENT).remove(PREPARED), CURRENT);
        refused(log.copy().remove(CURRENT), sealed(4));
    }

    @Test
    void missingPreparedSegmentIsMadeAgain() {
        MemoryStorage storage = log.copy().remove(PREPARED);
        TestLog.open(storage).close();
        assertThat(read(storage)).isEqualTo(all);
    }

    @Test
    void manyMissingSegmentsAreOneFinding() {
        MemoryStorage storage = log.copy().remove(sealed(1)).remove(sealed(2)).remove(sealed(3));
        WalCorruptException e = refused(storage, sealed(1));
        assertThat(e.lastSequence()).isEqualTo(9);
        assertThat(WalRecovery.inspect(ReadOptions.of(storage)).segments()).hasSize(3);
    }

    @Test
    void readingAfterAMissingSegmentIsPossible() {
        MemoryStorage storage = log.copy().remove(sealed(1));
        assertThat(TestLog.sequences(read(ReadOptions.of(storage).fromSequence(4))))
                .containsExactly(4L, 5L, 6L, 7L, 8L, 9L, 10L);
        assertThatThrownBy(() -> read(ReadOptions.of(storage).fromSequence(3)))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining(sealed(1));
    }

    @Test
    void missingEndsAreAcceptedOnRequest() {
        MemoryStorage storage = log.copy().remove(sealed(1)).remove(CURRENT).remove(PREPARED);
        ReadOptions options = ReadOptions.of(storage).acceptMissingEnds(true);
        assertThat(TestLog.sequences(read(options))).containsExactly(4L, 5L, 6L, 7L, 8L, 9L);
        try (Wal wal = Wal.open(TestLog.config(storage).acceptMissingEnds(true).build())) {
            assertThat(wal.lastSequence()).isEqualTo(9);
        }
    }

    @Test
    void doubledSegmentIsNamed() {
        refused(log.copy().put(sealed(7), log.bytes(sealed(2))), sealed(7));
        refused(log.copy().put(PREPARED, log.bytes(CURRENT)), "contains segment 4");
    }

    @Test
    void segmentOfAnotherLogIsNamed() {
        refused(log.copy().put(sealed(2), log().bytes(sealed(2))), sealed(2));
        refused(log.copy().put(CURRENT, log().bytes(CURRENT)), CURRENT);
    }

    @Test
    void exchangedNamesAreNamedAndNothingIsReplaced() {
        MemoryStorage storage = log.copy().put(sealed(1), log.bytes(sealed(2))).put(sealed(2), log.bytes(sealed(1)));
        refused(storage, sealed(1));
        refused(log.copy().move(sealed(3), sealed(9)), sealed(9));
        refused(log.copy().put(sealed(3), log.bytes(CURRENT)).put(CURRENT, log.bytes(sealed(3))), sealed(3));
    }

    @Test
    void currentAndPreparedExchangedDoNoHarm() {
        MemoryStorage storage = log.copy().put(CURRENT, log.bytes(PREPARED)).put(PREPARED, log.bytes(CURRENT));
        TestLog.open(storage).close();
        assertThat(read(storage)).isEqualTo(all);
    }

    @Test
    void fileOfAnyOtherNameIsIgnored() {
        MemoryStorage storage = log.copy();
        for (String name : List.of(
                "orders_1.wal", "orders_0000000000000001.wal.bak", "notes.txt", ".hidden", "other_current.wal")) {
            storage.put(name, name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        TestLog.open(storage).close();
        assertThat(storage.list()).contains("orders_1.wal", "orders_0000000000000001.wal.bak", "notes.txt", ".hidden");
        assertThat(read(storage)).isEqualTo(all);
    }

    @Test
    void logWhoseSegmentsAreAllMissingIsNotTreatedAsNew() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 2);
            wal.writeCheckpoint(1, out -> out.write(1));
        }
        refused(TestLog.prepare(storage).remove(CURRENT).remove(PREPARED), CURRENT);
    }

    @Test
    void trimmedLogWhoseSegmentsAreAllMissingIsNotTreatedAsNew() throws IOException {
        MemoryStorage storage = trimmed();
        for (String name : storage.list()) {
            if (TestLog.NAMES.isSegment(name)) {
                storage.remove(name);
            }
        }
        refused(storage, CURRENT);
    }

    // ---- trimming

    private static MemoryStorage trimmed() {
        MemoryStorage storage = log.copy();
        try (Wal wal = TestLog.open(storage)) {
            wal.writeCheckpoint(4, out -> out.write(1));
            wal.writeCheckpoint(5, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).containsExactly(sealed(1));
        }
        return storage;
    }

    @Test
    void trimmedSegmentIsNotMissing() {
        MemoryStorage storage = trimmed();
        assertThat(TestLog.sequences(read(storage))).startsWith(4L).hasSize(7);
        TestLog.open(storage).close();
        assertThat(read(storage)).isEqualTo(all.subList(3, 10));
    }

    @Test
    void segmentBelowTheTrimMarkThatReappearsIsDeleted() {
        MemoryStorage storage = trimmed().put(sealed(1), log.bytes(sealed(1)));
        assertThat(read(storage)).isEqualTo(all.subList(3, 10));
        TestLog.open(storage).close();
        assertThat(storage.has(sealed(1))).isFalse();
    }

    @Test
    void damagedTrimMarkIsNamed() {
        refused(trimmed().cut(TestLog.NAMES.trimMark(), 47), TestLog.NAMES.trimMark());
    }

    @Test
    void lostTrimMarkIsAMissingSegment() {
        refused(trimmed().remove(TestLog.NAMES.trimMark()), sealed(1));
    }

    @Test
    void missingSegmentAboveTheTrimMarkIsNamed() {
        refused(trimmed().remove(sealed(2)), sealed(2));
    }
}
