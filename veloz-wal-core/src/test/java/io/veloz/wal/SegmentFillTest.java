package io.veloz.wal;

import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static io.veloz.wal.TestLog.sequences;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A log that begins with segment 4, whose segments 1 to 3 are put in front of it. Each segment has 3 records. */
@Timeout(60)
class SegmentFillTest {
    private static final CheckpointContent STATE = out -> out.write(1);
    private static final long BEGIN = 4;
    private static final int RECORDS = 15;

    /** The whole log: sealed segments 1 to 5, and 6, which is empty. */
    private static MemoryStorage whole;

    private static MemoryStorage restored;

    @BeforeAll
    static void writeLog() throws IOException {
        whole = new MemoryStorage();
        try (Wal wal = TestLog.open(whole)) {
            for (int i = 0; i < 4; i++) {
                TestLog.append(wal, 3);
                wal.roll();
            }
            TestLog.append(wal, 3);
        }
        restored = whole.copy();
        for (long number = 1; number < BEGIN; number++) {
            restored.remove(sealed(number));
        }
        LogFiles files = LogFiles.of(restored, "orders");
        files.complete(files.logId().orElseThrow(), BEGIN, 10);
        restored.put(files.fillName(), new byte[] {1});
    }

    private static OlderSegments closed(Storage storage) {
        return LogFiles.of(storage, "orders").olderSegments();
    }

    private static void fetch(MemoryStorage storage, OlderSegments older, long number) {
        storage.put(older.temporaryName(number), whole.bytes(sealed(number)));
    }

    private static List<Long> from(long first, long last) {
        return LongStream.rangeClosed(first, last).boxed().toList();
    }

    private static void assertSoundFrom(MemoryStorage storage, long first) {
        assertThat(sequences(read(storage.copy().readOnly()))).isEqualTo(from(first, RECORDS));
        assertThat(WalRecovery.verify(ReadOptions.of(storage.copy()), WalProgress.NONE)
                        .isSound())
                .isTrue();
    }

    @Test
    void closedLogBeginsWithEachSegmentThatIsAdded() throws IOException {
        MemoryStorage storage = restored.copy();
        OlderSegments older = closed(storage);
        assertSoundFrom(storage, 10);
        for (long number = 3; number >= 1; number--) {
            fetch(storage, older, number);
            assertThat(older.add(number)).isTrue();
            assertThat(older.firstSegment()).isEqualTo(number);
            assertThat(older.firstSequence()).isEqualTo(3 * number - 2);
            assertSoundFrom(storage, 3 * number - 2);
        }
        older.end();
        assertThat(older.isPending()).isFalse();
        assertThat(older.add(0)).isFalse();
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.appendDurable(1, TestLog.bytes("next"))).isEqualTo(RECORDS + 1);
        }
        assertThat(read(storage).subList(0, RECORDS)).isEqualTo(read(whole.copy()));
    }

    @Test
    void openLogBeginsWithEachSegmentThatIsAddedWhileItAppends() throws IOException {
        MemoryStorage storage = restored.copy();
        try (Wal wal = TestLog.open(storage);
                WalReader earlier = wal.reader()) {
            OlderSegments older = wal.olderSegments();
            for (long number = 3; number >= 1; number--) {
                fetch(storage, older, number);
                assertThat(older.add(number)).isTrue();
                wal.roll();
                TestLog.append(wal, 1);
                try (WalReader reader = wal.reader()) {
                    assertThat(sequences(TestLog.rest(reader))).isEqualTo(from(3 * number - 2, wal.lastSequence()));
                }
            }
            older.end();
            assertThat(sequences(TestLog.rest(earlier))).isEqualTo(from(10, wal.lastSequence()));
        }
        assertThat(sequences(read(storage))).isEqualTo(from(1, RECORDS + 3));
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE).isSound())
                .isTrue();
    }

    @Test
    void trimDeletesWhatWasAddedAndEndsTheFill() throws IOException {
        MemoryStorage storage = restored.copy();
        try (Wal wal = TestLog.open(storage)) {
            OlderSegments older = wal.olderSegments();
            fetch(storage, older, 3);
            assertThat(older.add(3)).isTrue();
            wal.writeCheckpoint(9, STATE);
            wal.writeCheckpoint(9, STATE);
            assertThat(wal.trim(0).deletedSegments()).containsExactly(sealed(3));
            assertThat(older.isPending()).isFalse();
            fetch(storage, older, 3);
            assertThat(older.add(3)).isFalse();
            assertThat(older.firstSegment()).isEqualTo(BEGIN);
        }
        assertSoundFrom(storage, 10);
        TestLog.open(storage).close();
        assertThat(storage.has(closed(storage).temporaryName(3))).isFalse();
    }

    @Test
    void trimThatDeletesNothingLetsTheFillContinue() throws IOException {
        MemoryStorage storage = restored.copy();
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.trim(0).deletedSegments()).isEmpty();
            assertThat(wal.olderSegments().isPending()).isTrue();
        }
    }

    @Test
    void temporaryFilesOfAPendingFillStayAtAnOpen() throws IOException {
        MemoryStorage storage = restored.copy();
        OlderSegments older = closed(storage);
        fetch(storage, older, 3);
        TestLog.open(storage).close();
        assertThat(older.add(3)).isTrue();
        assertSoundFrom(storage, 7);
    }

    @Test
    void closedWriterAddsNothing() throws IOException {
        MemoryStorage storage = restored.copy();
        Wal wal = TestLog.open(storage);
        OlderSegments older = wal.olderSegments();
        fetch(storage, older, 3);
        wal.close();
        assertThatThrownBy(() -> older.add(3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(older::checkOpen)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertSoundFrom(storage, 10);
    }

    // ---- files that are not the segment before

    private static void refuses(MemoryStorage storage, String message) {
        var before = storage.content();
        assertThatThrownBy(() -> closed(storage).add(3))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining(message);
        assertThat(storage.content()).isEqualTo(before);
    }

    @Test
    void otherNumberThanTheOneBeforeTheLogIsRefused() throws IOException {
        MemoryStorage storage = restored.copy();
        OlderSegments older = closed(storage);
        fetch(storage, older, 3);
        assertThatThrownBy(() -> older.add(2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected 3, because the log begins with segment 4");
        assertThat(older.add(3)).isTrue();
        assertThatThrownBy(() -> older.add(3)).isInstanceOf(IllegalArgumentException.class);
        assertSoundFrom(storage, 7);
    }

    @Test
    void temporaryFileOfARecoveryIsNotTheOneOfAFill() {
        String name = closed(restored.copy()).temporaryName(3);
        assertThat(name).isNotEqualTo("." + sealed(3) + ".tmp");
        assertThat(LogFiles.of(restored, "orders").isOwn(name)).isTrue();
    }

    @Test
    void otherSegmentIsRefused() {
        MemoryStorage storage = restored.copy();
        storage.put(closed(storage).temporaryName(3), whole.bytes(sealed(2)));
        refuses(storage, "contains segment 2; expected 3");
    }

    @Test
    void segmentOfAnotherLogIsRefused() throws IOException {
        MemoryStorage other = new MemoryStorage();
        try (Wal wal = TestLog.open(other)) {
            for (int i = 0; i < 3; i++) {
                TestLog.append(wal, 3);
                wal.roll();
            }
        }
        MemoryStorage storage = restored.copy();
        storage.put(closed(storage).temporaryName(3), other.bytes(sealed(3)));
        refuses(
                storage,
                "segment of log " + LogFiles.of(other, "orders").logId().orElseThrow());
    }

    @Test
    void segmentWithoutAFooterIsRefused() {
        MemoryStorage storage = restored.copy();
        byte[] bytes = whole.bytes(sealed(3));
        String name = closed(storage).temporaryName(3);
        storage.put(name, bytes).cut(name, bytes.length - 1);
        refuses(storage, "the footer is missing or damaged");
    }

    @Test
    void segmentThatIsNotTheOneThatTheLogFollowsIsRefused() throws IOException {
        // The same log, whose copy went another way from record 7 on.
        MemoryStorage fork = whole.copy();
        for (long number = 3; number <= BEGIN + 1; number++) {
            fork.remove(sealed(number));
        }
        fork.remove(TestLog.CURRENT);
        if (fork.has(TestLog.PREPARED)) {
            fork.remove(TestLog.PREPARED);
        }
        LogFiles files = LogFiles.of(fork, "orders");
        files.complete(files.logId().orElseThrow(), 1, 1);
        try (Wal wal = TestLog.open(fork)) {
            TestLog.append(wal, 3);
            wal.roll();
        }
        MemoryStorage storage = restored.copy();
        storage.put(closed(storage).temporaryName(3), fork.bytes(sealed(3)));
        refuses(storage, "segment 4 follows");
    }

    @Test
    void logWithoutATrimMarkIsRefused() {
        MemoryStorage storage = whole.copy();
        storage.put(".orders_fill", new byte[] {1});
        refuses(storage, "the begin of the log");
    }

    // ---- crashes

    @Test
    void deathAtEveryChangeLeavesACompleteLogAndTheFillContinues() throws IOException {
        for (int n = 1; ; n++) {
            MemoryStorage storage = restored.copy();
            OlderSegments dying = closed(storage);
            fetch(storage, dying, 3);
            fetch(storage, dying, 2);
            storage.failAt(n);
            boolean died = false;
            try {
                dying.add(3);
                dying.add(2);
                dying.end();
            } catch (IOException e) {
                died = true;
            }
            MemoryStorage after = storage.copy();
            OlderSegments older = closed(after);
            assertSoundFrom(after, older.firstSequence());
            TestLog.open(after.copy()).close();
            while (older.isPending() && older.firstSegment() > 2) {
                fetch(after, older, older.firstSegment() - 1);
                assertThat(older.add(older.firstSegment() - 1)).isTrue();
            }
            older.end();
            assertSoundFrom(after, 4);
            if (!died) {
                assertThat(n).isGreaterThan(10);
                return;
            }
        }
    }
}
