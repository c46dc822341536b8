package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.ReadSeam;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Readers of a log that is trimmed, rolled and reopened between any two of their operations. */
@Timeout(120)
class OvertakenReaderTest {
    private static final int RECORDS = 6;

    /** How often a reader that returns nothing is called again, to detect a reader that never continues. */
    private static final int POLLS = 4;

    /** The records that a reader returned, and how it ended. */
    private record Seen(List<Long> sequences, @Nullable WalTrimmedException end) {}

    private static void fill(Wal wal, int records) {
        for (int i = 0; i < records; i++) {
            TestLog.append(wal, 1);
            if (i % 3 == 2) {
                wal.roll();
            }
        }
    }

    /** Fills the log and waits until the next segment is prepared, so that every reader finds the same files. */
    private static void fillAndSettle(Wal wal, MemoryStorage storage) {
        fill(wal, RECORDS);
        Logs.await("prepared", () -> storage.has(TestLog.PREPARED));
    }

    private static void trimAll(Wal wal) {
        wal.roll();
        wal.writeCheckpoint(wal.durableSequence(), out -> out.write(1));
        wal.writeCheckpoint(wal.durableSequence(), out -> out.write(1));
        wal.trim(0);
    }

    /** Not as often as the log of a writer that may have trimmed it meanwhile, which takes a pause each time. */
    @Test
    void readerThatIsOpenedAtARecordTrimmedBeforeReadsTheLogOnce() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            fill(wal, RECORDS);
            trimAll(wal);
            fillAndSettle(wal, storage);
            ReadSeam seam = new ReadSeam(storage);
            inAnotherProcess(wal, seam).close();
            long opens = seam.opens();
            assertThatThrownBy(() -> WalReader.open(ReadOptions.of(seam).fromSequence(2)))
                    .isInstanceOfSatisfying(
                            WalTrimmedException.class,
                            e -> assertThat(e.firstSequence()).isEqualTo(RECORDS + 1));
            assertThat(seam.opens() - opens).isLessThanOrEqualTo(opens);
        }
    }

    private static WalReader inTheWritersJvm(Wal wal, ReadSeam seam) {
        return WalReader.open(
                ReadOptions.of(seam), seam, DurableLimit.of(wal::durableSequence, () -> true), () -> true, null);
    }

    private static WalReader inAnotherProcess(Wal wal, ReadSeam seam) {
        return WalReader.open(ReadOptions.of(seam));
    }

    private static Seen read(WalReader reader, ReadSeam seam) {
        List<Long> sequences = new ArrayList<>();
        boolean acted = seam.hasActed();
        try {
            for (int silent = 0; silent < POLLS; ) {
                if (reader.next()) {
                    sequences.add(reader.sequence());
                } else {
                    silent = acted == seam.hasActed() ? silent + 1 : 0;
                    acted = seam.hasActed();
                }
            }
            return new Seen(sequences, null);
        } catch (WalTrimmedException e) {
            return new Seen(sequences, e);
        }
    }

    private static void assertReadsAllOrReportsTheTrim(BiFunction<Wal, ReadSeam, WalReader> open) {
        Map<String, Integer> ends = new TreeMap<>();
        boolean acted = true;
        for (long n = 1; acted; n++) {
            MemoryStorage storage = new MemoryStorage();
            try (Wal wal = TestLog.open(storage)) {
                fillAndSettle(wal, storage);
                ReadSeam seam = new ReadSeam(storage);
                seam.before(n, () -> {
                    trimAll(wal);
                    fill(wal, 3);
                    trimAll(wal);
                    fill(wal, 3);
                });
                Seen seen;
                try (WalReader reader = open.apply(wal, seam)) {
                    seen = read(reader, seam);
                }
                acted = seam.hasActed();
                ends.merge(check(wal, seen, n), 1, Integer::sum);
                assertThat(storage.openFiles()).as("open files after %d", n).isLessThanOrEqualTo(2);
            }
        }
        assertThat(ends.keySet()).contains("all", "trimmed");
    }

    private static String check(Wal wal, Seen seen, long n) {
        if (!seen.sequences.isEmpty()) {
            long first = seen.sequences.get(0);
            long last = seen.sequences.get(seen.sequences.size() - 1);
            assertThat(seen.sequences)
                    .as("at operation %d", n)
                    .isEqualTo(LongStream.rangeClosed(first, last).boxed().toList());
        }
        if (seen.end == null) {
            assertThat(seen.sequences).as("at operation %d", n).last().isEqualTo(wal.lastSequence());
            return "all";
        }
        assertThat(seen.end.firstSequence())
                .as("at operation %d", n)
                .isEqualTo(wal.trim(0).firstSequence());
        assertThat(seen.end.nextSequence()).as("at operation %d", n).isLessThan(seen.end.firstSequence());
        return "trimmed";
    }

    @Test
    void readerInTheWritersJvmReadsAllOrReportsTheTrimAtEveryInterleaving() {
        assertReadsAllOrReportsTheTrim(OvertakenReaderTest::inTheWritersJvm);
    }

    @Test
    void readerInAnotherProcessReadsAllOrReportsTheTrimAtEveryInterleaving() {
        assertReadsAllOrReportsTheTrim(OvertakenReaderTest::inAnotherProcess);
    }

    @Test
    void segmentReaderReadsAllOrReportsTheTrimAtEveryInterleaving() throws IOException {
        boolean acted = true;
        int trimmed = 0;
        for (long n = 1; acted; n++) {
            MemoryStorage storage = new MemoryStorage();
            try (Wal wal = TestLog.open(storage)) {
                fillAndSettle(wal, storage);
                ReadSeam seam = new ReadSeam(storage);
                seam.before(n, () -> {
                    trimAll(wal);
                    fill(wal, 3);
                    trimAll(wal);
                    fill(wal, 3);
                });
                try (SegmentReader reader = SegmentReader.open(LogFiles.of(seam, "orders"), 0, 0, 0)) {
                    long last = 0;
                    acted = seam.hasActed();
                    for (int silent = 0; silent < POLLS; ) {
                        if (reader.next()) {
                            last = reader.lastSequence();
                        } else {
                            silent = acted == seam.hasActed() ? silent + 1 : 0;
                            acted = seam.hasActed();
                        }
                    }
                    assertThat(last).as("at operation %d", n).isEqualTo(wal.lastSequence());
                } catch (WalTrimmedException e) {
                    assertThat(e.firstSequence()).isEqualTo(wal.trim(0).firstSequence());
                    trimmed++;
                }
                acted = seam.hasActed();
            }
        }
        assertThat(trimmed).isPositive();
    }

    /** The writer opens and closes the log while the reader opens it, so that no lock is held before or after. */
    @Test
    void readerIsNotMisledByAWriterThatOpensTrimsAndClosesAtAnyMoment() {
        boolean acted = true;
        for (long n = 1; acted; n++) {
            MemoryStorage storage = new MemoryStorage();
            try (Wal wal = TestLog.open(storage)) {
                fillAndSettle(wal, storage);
            }
            ReadSeam seam = new ReadSeam(storage);
            seam.before(n, () -> {
                try (Wal wal = TestLog.open(storage)) {
                    trimAll(wal);
                    fill(wal, 4);
                }
            });
            Seen seen;
            try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
                seen = read(reader, seam);
            }
            acted = seam.hasActed();
            try (Wal wal = TestLog.open(storage)) {
                check(wal, seen, n);
            }
        }
    }

    /** The same for an inspection of the directory. */
    @Test
    void inspectionIsNotMisledByAWriterThatOpensTrimsAndClosesAtAnyMoment() {
        boolean acted = true;
        for (long n = 1; acted; n++) {
            MemoryStorage storage = new MemoryStorage();
            try (Wal wal = TestLog.open(storage)) {
                fillAndSettle(wal, storage);
            }
            ReadSeam seam = new ReadSeam(storage);
            seam.before(n, () -> {
                try (Wal wal = TestLog.open(storage)) {
                    trimAll(wal);
                    fill(wal, 4);
                }
            });
            RecoveryReport report = WalRecovery.inspect(ReadOptions.of(seam));
            acted = seam.hasActed();
            assertThat(report.segments()).as("at operation %d", n).allMatch(SegmentReport::isGood);
            assertThat(report.lastSequence()).isIn((long) RECORDS, RECORDS + 4L);
        }
    }

    @Test
    void overtakenReaderReportsTheFirstRecordNow() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage);
                WalReader reader = wal.reader()) {
            fill(wal, 6);
            assertThat(reader.next()).isTrue();
            trimAll(wal);
            TestLog.append(wal, 1);
            // The rest of the segment that the reader has open stays readable.
            assertThat(reader.next()).isTrue();
            assertThat(reader.next()).isTrue();
            assertThatThrownBy(reader::next)
                    .isInstanceOfSatisfying(WalTrimmedException.class, e -> {
                        assertThat(e.nextSequence()).isEqualTo(4);
                        assertThat(e.firstSequence()).isEqualTo(7);
                    })
                    .hasMessageContaining("record 4 has been trimmed")
                    .hasMessageContaining("record 7");
            // The same again: the reader never continues after the gap.
            assertThatThrownBy(reader::next).isInstanceOf(WalTrimmedException.class);
        }
    }

    @Test
    void overtakenSalvageReportsATrimAndNoLoss() {
        MemoryStorage storage = new MemoryStorage();
        try (WalReader reader = overtaken(storage)) {
            assertThat(reader.next()).isTrue();
            assertThat(reader.next()).isTrue();
            assertThatThrownBy(reader::next).isInstanceOf(WalTrimmedException.class);
            assertThat(reader.lost()).isEmpty();
        }
    }

    private static WalReader overtaken(MemoryStorage storage) {
        try (Wal wal = TestLog.open(storage)) {
            fill(wal, 6);
        }
        WalReader reader = WalReader.open(ReadOptions.of(storage).salvage());
        assertThat(reader.next()).isTrue();
        try (Wal wal = TestLog.open(storage)) {
            trimAll(wal);
            TestLog.append(wal, 1);
        }
        return reader;
    }
}
