package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.InterposedStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The level of a verification that replays the records and compares the checkpoints. */
class VerificationReplayTest {
    private static final int RECORDS = 600;
    private static final Duration REVERIFY = Duration.ofDays(90);

    @TempDir
    Path dir;

    private HeapStore store = new HeapStore();
    private final List<CountingReplay> replays = new ArrayList<>();

    // ---- archives

    private void append(long from, long to, String text) throws IOException {
        SmallLog.idle(dir, wal -> {
            for (long sequence = from; sequence <= to; sequence++) {
                wal.append(CountingReplay.typeOf(sequence), SmallLog.bytes(text + " ".repeat(100)));
            }
            wal.sync();
        });
    }

    /** Writes two checkpoints, as they alternate between two files and the archive takes the first one. */
    private void checkpoint(TestArchive archive, long sequence, String content) throws IOException {
        try (Wal wal = SmallLog.open(dir)) {
            wal.newestCheckpoint().ifPresent(before -> wal.writeCheckpoint(sequence - 1, out -> out.write(0)));
            wal.writeCheckpoint(sequence, out -> out.write(content.getBytes(StandardCharsets.UTF_8)));
        }
        archive.checkpoint(dir, sequence);
    }

    private TestArchive segments() throws IOException {
        return new TestArchive(store, dir).segments(1, LogFiles.of(dir).sealed().size());
    }

    /** Ships a log with checkpoints after records 100, 250 and 550, and with tails. */
    private TestArchive make(LongFunction<String> state) throws IOException {
        append(1, RECORDS, "record");
        TestArchive archive = segments();
        for (long sequence : new long[] {100, 250, 550}) {
            checkpoint(archive, sequence, state.apply(sequence));
        }
        return archive.tails(1000, Long.MAX_VALUE);
    }

    private ArchiveVerifyOptions.Builder options() {
        return ArchiveVerifyOptions.level(Level.REPLAY).replay(() -> {
            CountingReplay replay = new CountingReplay();
            replays.add(replay);
            return replay;
        });
    }

    private ArchiveReport verify(ArchiveVerifyOptions.Builder options) {
        return new ArchiveVerifier(new CareAccess(store, new Retries(attempt -> {}), Clock.systemUTC()))
                .verify(options.build(), WalProgress.NONE);
    }

    private CountingReplay last() {
        return replays.get(replays.size() - 1);
    }

    private List<String> levels() {
        return ArchiveCare.of(store).verified().stream()
                .map(ArchiveCare.Mark::level)
                .toList();
    }

    private static List<Long> belonging(long from, long to) {
        return LongStream.rangeClosed(from, to)
                .filter(sequence -> CountingReplay.typeOf(sequence) != 3)
                .boxed()
                .toList();
    }

    // ---- tests

    @Test
    void recordsAreReplayedInOrderAndEachCheckpointIsCompared() throws IOException {
        make(CountingReplay::stateAfter);
        ArchiveReport report = verify(options());
        assertThat(report.problems()).isEmpty();
        assertThat(report.isSound()).isTrue();
        assertThat(report.full()).isTrue();
        assertThat(last().checkpoints).containsExactly("begin", "compare 100", "compare 250", "compare 550");
        assertThat(last().applied).isEqualTo(belonging(1, RECORDS));
        ArchiveReport.Replay replay = report.replay().orElseThrow();
        assertThat(replay.firstSequence()).isEqualTo(1);
        assertThat(replay.lastSequence()).isEqualTo(RECORDS);
        assertThat(replay.records()).isEqualTo(RECORDS * 2 / 3);
        assertThat(replay.checkpoints()).isEqualTo(3);
        assertThat(replay.otherTypes()).containsExactlyEntriesOf(Map.of(3, RECORDS / 3L));
        assertThat(replay.notes()).containsExactly("a note");
        assertThat(replay.isForeign()).isFalse();
    }

    @Test
    void everyObjectIsReadOnce() throws IOException {
        make(CountingReplay::stateAfter);
        long objects = CaredArchive.proof(store).segments().stream()
                        .mapToLong(Segment::objectBytes)
                        .sum()
                + CaredArchive.proof(store).attachments().stream()
                        .mapToLong(attachment -> attachment.stored().objectBytes())
                        .sum();
        assertThat(verify(options()).bytesRead()).isEqualTo(objects);
    }

    @Test
    void checkpointThatDiffersIsAProblemAndTheReplayContinuesWithIt() throws IOException {
        make(sequence -> sequence == 250 ? "7 records, sum 8" : CountingReplay.stateAfter(sequence));
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT)).isSound()).isTrue();
        List<Problem> problems = verify(options().record()).problems();
        assertThat(problems).hasSize(2);
        assertThat(problems.get(0).key()).isEqualTo(ArchiveKeys.checkpoint(250, 1));
        assertThat(problems.get(0).reason())
                .isEqualTo("the checkpoint of record 250: 7 records, sum 8 in the checkpoint, "
                        + CountingReplay.stateAfter(250) + " in the replayed records");
        assertThat(problems.get(1).key()).isEqualTo(ArchiveKeys.checkpoint(550, 1));
        assertThat(levels()).isEmpty();
    }

    @Test
    void recordThatIsRefusedIsAProblemOfItsObject() throws IOException {
        append(1, 300, "record");
        append(301, 301, "bad");
        append(302, RECORDS, "record");
        segments().tails(1000, Long.MAX_VALUE);
        assertThat(verify(options()).problems()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).startsWith("segments/");
            assertThat(problem.firstSequence()).isEqualTo(301);
            assertThat(problem.lastSequence()).isEqualTo(301);
            assertThat(problem.reason()).isEqualTo("bad record");
        });
        assertThat(last().applied)
                .isEqualTo(belonging(1, RECORDS).stream()
                        .filter(sequence -> sequence != 301)
                        .toList());
    }

    @Test
    void recordOfATailThatIsRefusedIsAProblemOfItsSlot() throws IOException {
        append(1, RECORDS, "record");
        append(RECORDS + 1, RECORDS + 1, "bad");
        segments().tails(1000, Long.MAX_VALUE);
        assertThat(verify(options()).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).startsWith("ship/"));
    }

    @Test
    void onlyTheFirstProblemsAreListedAndTheOthersCounted() throws IOException {
        append(1, 300, "bad");
        segments().tails(1000, Long.MAX_VALUE);
        List<Problem> problems = verify(options()).problems();
        assertThat(problems).hasSize(101);
        assertThat(problems.get(100).reason()).isEqualTo("100 more records and checkpoints with problems");
    }

    @Test
    void archiveThatBeginsLaterIsReplayedFromTheFirstCheckpointThatCoversItsBeginning() throws IOException {
        append(1, RECORDS, "record");
        LogFiles files = LogFiles.of(dir);
        long first = files.sealed(2).orElseThrow().firstSequence();
        TestArchive archive =
                new TestArchive(store, dir, 2, first).segments(2, files.sealed().size());
        checkpoint(archive, 250, CountingReplay.stateAfter(250));
        checkpoint(archive, 550, CountingReplay.stateAfter(550));
        archive.tails(1000, Long.MAX_VALUE);
        ArchiveReport report = verify(options());
        assertThat(report.problems()).isEmpty();
        assertThat(last().checkpoints).containsExactly("begin 250", "compare 550");
        assertThat(last().applied).isEqualTo(belonging(251, RECORDS));
        assertThat(last().checked).hasSize(belonging(first, 250).size());
        assertThat(report.replay().orElseThrow().firstSequence()).isEqualTo(first);
    }

    @Test
    void archiveThatBeginsLaterWithoutACheckpointHasNoKnownState() throws IOException {
        append(1, RECORDS, "record");
        LogFiles files = LogFiles.of(dir);
        long first = files.sealed(2).orElseThrow().firstSequence();
        new TestArchive(store, dir, 2, first).segments(2, files.sealed().size()).tails(1000, Long.MAX_VALUE);
        assertThat(verify(options()).problems()).singleElement().satisfies(problem -> {
            assertThat(problem.firstSequence()).isEqualTo(first);
            assertThat(problem.reason()).startsWith("the state after the last record is not known");
        });
    }

    @Test
    void afterAGapTheReplayBeginsAgainWithTheNextCheckpoint() throws IOException {
        append(1, RECORDS, "record");
        LogFiles files = LogFiles.of(dir);
        TestArchive archive = new TestArchive(store, dir).segment(1);
        long lost = files.sealed(2).orElseThrow().lastSequence();
        archive.gap(archive.archived().sequence() + 1, lost, 3)
                .segments(3, files.sealed().size());
        checkpoint(archive, 550, CountingReplay.stateAfter(550));
        archive.tails(1000, Long.MAX_VALUE);
        ArchiveReport report = verify(options());
        assertThat(report.problems()).isEmpty();
        assertThat(last().checkpoints).containsExactly("begin", "begin 550");
        assertThat(report.unacknowledgedGaps()).hasSize(1);
    }

    @Test
    void recordsAfterADamagedObjectAreReplayedFromTheNextCheckpoint() throws IOException {
        make(CountingReplay::stateAfter);
        String key = CaredArchive.proof(store).segments().get(0).key();
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
        assertThat(verify(options()).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(key));
        assertThat(last().checkpoints).hasSizeGreaterThan(1).doesNotContain("compare 100");
        assertThat(last().checkpoints.get(1)).startsWith("begin ");
    }

    @Test
    void damagedCheckpointIsAProblemAndIsNotCompared() throws IOException {
        make(CountingReplay::stateAfter);
        String key = ArchiveKeys.checkpoint(250, 1);
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
        assertThat(verify(options()).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(key));
        assertThat(last().checkpoints).containsExactly("begin", "compare 100", "compare 550");
    }

    @Test
    void recordsOfAnotherApplicationVerifyOnlyTheContent() throws IOException {
        SmallLog.idle(dir, wal -> {
            for (int i = 0; i < 300; i++) {
                wal.append(300 + i % 20, SmallLog.bytes("foreign"));
            }
            wal.sync();
        });
        TestArchive archive = segments();
        checkpoint(archive, 100, "of another application");
        archive.tails(1000, Long.MAX_VALUE);
        // A mark needs a segment.
        SmallLog.open(dir).close();
        archive.segment(1);
        ArchiveReport report = verify(options().record());
        assertThat(report.isSound()).isTrue();
        ArchiveReport.Replay replay = report.replay().orElseThrow();
        assertThat(replay.isForeign()).isTrue();
        assertThat(replay.otherTypes()).hasSize(17).containsEntry(300, 15L).containsEntry(-1, 60L);
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence", "content");
    }

    // ---- marks

    @Test
    void soundReplayIsRecordedAndTheNextOneBeginsWithItsNewestCheckpoint() throws IOException {
        TestArchive archive = make(CountingReplay::stateAfter);
        verify(options().record());
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence", "content", "replay");
        append(RECORDS + 1, RECORDS + 400, "record");
        long committed = CaredArchive.proof(store).segments().size();
        archive.segments(committed + 1, LogFiles.of(dir).sealed().size());
        checkpoint(archive, RECORDS + 300, CountingReplay.stateAfter(RECORDS + 300));
        ArchiveReport report = verify(options().incremental(REVERIFY).record());
        assertThat(report.problems()).isEmpty();
        assertThat(report.skippedSegments()).isPositive();
        assertThat(last().checkpoints).containsExactly("begin 550", "compare " + (RECORDS + 300));
        assertThat(last().applied.get(0)).isEqualTo(551);
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence", "content", "replay");
        ArchiveCare.of(store)
                .verified()
                .forEach(mark -> assertThat(mark.firstSegment()).isEqualTo(1));
    }

    @Test
    void incrementalReplayReadsAllIfTheContentHasNoMark() throws IOException {
        make(CountingReplay::stateAfter);
        assertThat(verify(options().incremental(REVERIFY).record()).skippedSegments())
                .isZero();
        assertThat(last().checkpoints).startsWith("begin");
        verify(ArchiveVerifyOptions.level(Level.CONTENT).incremental(REVERIFY).record());
        assertThat(levels()).contains("replay");
    }

    @Test
    void differenceRemovesOnlyTheMarkOfTheReplay() throws IOException {
        TestArchive archive = make(CountingReplay::stateAfter);
        verify(options().record());
        checkpoint(archive, 590, "1 records, sum 1");
        assertThat(verify(options().incremental(REVERIFY).record()).isSound()).isFalse();
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence", "content");
    }

    @Test
    void damagedContentRemovesTheMarkOfTheReplayToo() throws IOException {
        make(CountingReplay::stateAfter);
        verify(options().record());
        String key = CaredArchive.proof(store).segments().get(0).key();
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence");
    }

    /** Returns the number of requests before the first one that reads an object. */
    private long requestsOfTheProof() {
        long[] first = {0};
        HeapStore[] client = new HeapStore[1];
        client[0] = store.client(request -> {
            boolean isObject = request.kind() == Kind.GET && request.key().startsWith("segments/");
            first[0] = isObject && first[0] == 0 ? client[0].requests() : first[0];
            return null;
        });
        new ArchiveVerifier(client[0]).full(WalProgress.NONE);
        return first[0];
    }

    @Test
    void segmentThatReplacesTailsDuringTheReplayIsReplayedInTheirPlace() throws IOException {
        TestArchive archive = make(CountingReplay::stateAfter);
        // An open seals it. It is committed at any request.
        SmallLog.open(dir).close();
        var before = store.objects();
        archive.segment(archive.archived().segment()).dropTails();
        var after = store.objects();
        for (long n = requestsOfTheProof(); ; n++) {
            store = new HeapStore();
            before.forEach(store::damage);
            InterposedStore reader = new InterposedStore(store, n, () -> {
                after.forEach(store::damage);
                before.keySet().stream().filter(key -> !after.containsKey(key)).forEach(store::remove);
            });
            CountingReplay replay = new CountingReplay();
            ArchiveReport report = new ArchiveVerifier(reader, new Retries(attempt -> {}))
                    .verify(
                            ArchiveVerifyOptions.level(Level.REPLAY)
                                    .replay(() -> replay)
                                    .build(),
                            WalProgress.NONE);
            assertThat(report.problems()).as("request " + n).isEmpty();
            assertThat(replay.applied).as("request " + n).isEqualTo(belonging(1, RECORDS));
            if (!reader.isReached()) {
                return;
            }
        }
    }

    @Test
    void sampleIsNotReplayedAndTheLevelRequiresAReplay() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options().sample(10, 1).build())
                .withMessageContaining("a sample cannot be replayed");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ArchiveVerifyOptions.level(Level.REPLAY).build())
                .withMessage("level replay requires a replay");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ArchiveVerifyOptions.level(Level.CONTENT)
                        .replay(CountingReplay::new)
                        .build())
                .withMessage("level content replays no records; expected level replay");
    }
}
