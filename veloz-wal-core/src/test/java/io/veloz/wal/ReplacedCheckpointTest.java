package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A checkpoint object that is used after newer checkpoints were written. */
@Timeout(60)
class ReplacedCheckpointTest {
    private final MemoryStorage storage = new MemoryStorage();

    private static WalCheckpoint write(Wal wal, String content) {
        TestLog.append(wal, 1);
        return wal.writeCheckpoint(wal.durableSequence(), out -> out.write(content.getBytes(StandardCharsets.UTF_8)));
    }

    private static String content(WalCheckpoint checkpoint) throws IOException {
        try (InputStream in = checkpoint.open()) {
            return text(in);
        }
    }

    private static String text(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void oldCheckpointNeverReturnsTheBytesOfANewerOne() throws IOException {
        try (Wal wal = TestLog.open(storage)) {
            WalCheckpoint held = write(wal, "the first");
            WalCheckpoint kept = write(wal, "the second");
            assertThat(content(held)).isEqualTo("the first");
            write(wal, "the third, and longer");
            assertThatThrownBy(held::open)
                    .isInstanceOfSatisfying(
                            WalReplacedException.class,
                            e -> assertThat(e.sequence()).isEqualTo(1))
                    .hasMessageContaining("up to record 1")
                    .hasMessageContaining("up to record 3");
            assertThat(content(kept)).isEqualTo("the second");
        }
    }

    @Test
    void replacedCheckpointOfTheSameLengthAndSequenceIsDetected() {
        try (Wal wal = TestLog.open(storage)) {
            write(wal, "aaaa");
            List<WalCheckpoint> written = new ArrayList<>();
            for (String content : List.of("bbbb", "cccc")) {
                written.add(wal.writeCheckpoint(1, out -> out.write(content.getBytes(StandardCharsets.UTF_8))));
            }
            WalCheckpoint held = written.get(0);
            assertThat(held.file()).isEqualTo(written.get(1).file());
            assertThatThrownBy(held::open).isInstanceOf(WalReplacedException.class);
        }
    }

    @Test
    void openStreamContinuesWithItsCheckpointWhenThatIsReplaced() throws IOException {
        try (Wal wal = TestLog.open(storage)) {
            try (InputStream in = write(wal, "the first").open()) {
                assertThat(in.read()).isEqualTo('t');
                write(wal, "another");
                write(wal, "and another");
                assertThat(text(in)).isEqualTo("he first");
            }
        }
        assertThat(storage.openFiles()).isZero();
    }

    @Test
    void checkpointWhoseFileWasDeletedIsAnErrorAndNotAnotherCheckpoint() {
        try (Wal wal = TestLog.open(storage)) {
            WalCheckpoint held = write(wal, "the first");
            storage.remove(held.file());
            assertThatThrownBy(held::open).isInstanceOf(IOException.class);
        }
    }

    @Test
    void newestCheckpointIsFoundWithoutTheContentOfTheOlderOne() throws IOException {
        MemoryStorage left;
        try (Wal wal = TestLog.open(storage)) {
            write(wal, "x".repeat(300_000));
            write(wal, "small");
            left = storage.copy();
        }
        long before = left.readBytes();
        assertThat(WalCheckpoint.newest(ReadOptions.of(left)).orElseThrow().sequence())
                .isEqualTo(2);
        assertThat(left.readBytes() - before).isLessThan(50_000);
        assertThat(WalCheckpoint.good(ReadOptions.of(left))).hasSize(2);
    }

    @Test
    void olderCheckpointIsUsedWhenTheNewestIsDamaged() throws IOException {
        MemoryStorage left;
        WalCheckpoint newest;
        try (Wal wal = TestLog.open(storage)) {
            write(wal, "the first");
            newest = write(wal, "the second");
            left = storage.copy().flip(newest.file(), 50, 1);
        }
        WalCheckpoint good = WalCheckpoint.newest(ReadOptions.of(left)).orElseThrow();
        assertThat(good.sequence()).isEqualTo(1);
        assertThat(content(good)).isEqualTo("the first");
    }
}
