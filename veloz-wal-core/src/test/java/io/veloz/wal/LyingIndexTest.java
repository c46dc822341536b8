package io.veloz.wal;

import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.internal.format.Checksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.ObjIntConsumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A sparse index of a footer with wrong values and a valid checksum. */
@Timeout(60)
class LyingIndexTest {
    private static final int SECOND_ENTRY = 160 + 24;
    private static MemoryStorage log;
    private static int records;

    /** Writes a segment whose index has a few entries, one per 64 KiB. */
    @BeforeAll
    static void writeLog() {
        log = TestLog.idle(builder -> builder.segmentBytes(512 * 1024), wal -> {
            for (int i = 0; i < 120; i++) {
                wal.appendDurable(1, ByteBuffer.allocate(2_000));
            }
            wal.roll();
            TestLog.append(wal, 2);
        });
        records = read(log).size();
    }

    private static MemoryStorage with(ObjIntConsumer<ByteBuffer> change) {
        byte[] bytes = log.bytes(sealed(1));
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int footer = bytes.length - view.getInt(bytes.length - 16);
        assertThat(view.getInt(footer + 12)).as("entries").isGreaterThan(2);
        change.accept(view, footer);
        view.putInt(bytes.length - 12, new Checksum().of(view, footer, bytes.length - 12 - footer));
        return log.copy().put(sealed(1), bytes);
    }

    private static void assertFound(MemoryStorage lying) {
        assertThat(WalRecovery.verify(ReadOptions.of(lying), WalProgress.NONE)
                        .segments()
                        .get(0))
                .satisfies(segment -> {
                    assertThat(segment.verdict()).isEqualTo(Verdict.CORRUPT);
                    assertThat(segment.detail()).contains("index in the footer");
                });
        assertThat(read(lying)).as("read from the beginning").hasSize(records);
    }

    @Test
    void entryWithAnotherSequenceIsRefusedByTheReaderThatStartsThere() {
        MemoryStorage lying = with((view, footer) -> {
            int entry = footer + SECOND_ENTRY;
            view.putLong(entry, view.getLong(entry) - 5);
        });
        assertFound(lying);
        long wanted = 30;
        assertThatThrownBy(() -> read(ReadOptions.of(lying).fromSequence(wanted)))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("the index in the footer states");
        assertThat(read(ReadOptions.of(lying).fromSequence(wanted).salvage())
                        .get(0)
                        .sequence())
                .as("a salvage continues")
                .isGreaterThanOrEqualTo(wanted);
    }

    @Test
    void entryWithAnotherPositionIsRefusedByTheReaderThatStartsThere() {
        MemoryStorage lying = with((view, footer) -> {
            int entry = footer + SECOND_ENTRY;
            view.putLong(entry + 8, view.getLong(entry + 8) + 2_080);
        });
        assertFound(lying);
        assertThatThrownBy(() -> read(ReadOptions.of(lying).fromSequence(40))).isInstanceOf(WalCorruptException.class);
    }

    @Test
    void entryWithAnotherTimeIsFoundByVerify() {
        assertFound(with((view, footer) -> {
            int entry = footer + SECOND_ENTRY + 16;
            view.putLong(entry, view.getLong(entry) - 100_000);
        }));
    }

    /** A footer with an invalid index is damaged: it is made again from the data. */
    @Test
    void entriesThatAreNotInOrderAreADamagedFooter() throws Exception {
        for (long sequence : new long[] {-5, 0, 1, Long.MAX_VALUE}) {
            MemoryStorage lying = with((view, footer) -> view.putLong(footer + SECOND_ENTRY, sequence));
            assertThat(read(ReadOptions.of(lying).fromSequence(50)).get(0).sequence())
                    .isEqualTo(50);
            assertThat(WalRecovery.verify(ReadOptions.of(lying), WalProgress.NONE)
                            .segments()
                            .get(0)
                            .verdict())
                    .isEqualTo(Verdict.UNSEALED);
            TestLog.recover(lying);
            assertThat(lying.bytes(sealed(1))).isEqualTo(log.bytes(sealed(1)));
        }
    }

    @Test
    void indexThatTheLibraryWroteIsSound() {
        assertThat(WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound())
                .isTrue();
        for (long sequence : new long[] {1, 29, 30, 31, 60, 119, 120, 121}) {
            assertThat(read(ReadOptions.of(log).fromSequence(sequence)).get(0).sequence())
                    .isEqualTo(sequence);
        }
    }
}
