package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveVerifyOptions.Cost;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.InterposedStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerificationLevelsTest {
    private static final Duration REVERIFY = Duration.ofDays(90);

    @TempDir
    static Path shared;

    private static CaredArchive archive;
    private HeapStore store;
    private final List<Cost> costs = new ArrayList<>();

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log"));
    }

    @BeforeEach
    void copy() {
        store = archive.newStore();
    }

    private ArchiveReport verify(ArchiveVerifyOptions.Builder options) {
        return new ArchiveVerifier(archive.care(store))
                .verify(options.onCost(costs::add).build(), WalProgress.NONE);
    }

    private List<String> levels() {
        return ArchiveCare.of(store).verified().stream()
                .map(ArchiveCare.Mark::level)
                .toList();
    }

    private Segment segment(int index) throws IOException {
        List<Segment> segments = CaredArchive.proof(store).segments();
        return segments.get(index < 0 ? segments.size() + index : index);
    }

    private void damage(String key) {
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
    }

    @Test
    void eachLevelFindsWhatTheOneBeforeDoesNot() throws IOException {
        damage(segment(3).key());
        assertThat(verify(ArchiveVerifyOptions.level(Level.PRESENCE)).isSound()).isTrue();
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT)).problems()).hasSize(1);
        store.remove(segment(4).key());
        assertThat(verify(ArchiveVerifyOptions.level(Level.CHAIN)).isSound()).isTrue();
        assertThat(verify(ArchiveVerifyOptions.level(Level.PRESENCE)).problems())
                .hasSize(1);
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT)).problems()).hasSize(2);
    }

    @Test
    void soundResultIsRecordedForItsLevelAndThoseBelow() throws IOException {
        verify(ArchiveVerifyOptions.level(Level.PRESENCE).record());
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence");
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence", "content");
        assertThat(ArchiveCare.of(store).verified()).allMatch(mark -> mark.firstSegment() == 1);
        assertThat(ArchiveCare.of(store).verified().get(0).lastSegment())
                .isEqualTo(segment(-1).number());
    }

    @Test
    void damageRemovesTheMarksOfItsLevelAndOfThoseAbove() throws IOException {
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        store.remove(segment(0).key());
        verify(ArchiveVerifyOptions.level(Level.PRESENCE).record());
        assertThat(levels()).containsExactly("chain");
    }

    @Test
    void nothingIsPutUnlessItIsToBeRecorded() {
        int before = store.objects().size();
        verify(ArchiveVerifyOptions.level(Level.CONTENT));
        assertThat(store.objects()).hasSize(before);
    }

    @Test
    void incrementalVerificationReadsOnlyWhatIsNew() throws IOException {
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT).incremental(REVERIFY))
                        .skippedSegments())
                .isEqualTo(CaredArchive.proof(store).segments().size() - 1L);
        assertThat(costs.get(1).bytes()).isEqualTo(segment(-1).objectBytes());
        assertThat(costs.get(0).bytes()).isGreaterThan(10 * costs.get(1).bytes());
        damage(segment(-1).key());
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT).incremental(REVERIFY))
                        .isSound())
                .isFalse();
    }

    @Test
    void markKeepsTheTimeOfItsOldestPartUntilAllIsReadAgain() {
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        var first = ArchiveCare.of(store).verified().get(1);
        assertThat(first.level()).isEqualTo("content");
        archive.clock.add(Duration.ofDays(30));
        verify(ArchiveVerifyOptions.level(Level.CONTENT).incremental(REVERIFY).record());
        var second = ArchiveCare.of(store).verified().get(1);
        assertThat(second.since()).isEqualTo(first.since());
        assertThat(second.checked()).isAfter(first.checked());
        archive.clock.add(Duration.ofDays(61));
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT)
                                .incremental(REVERIFY)
                                .record())
                        .skippedSegments())
                .isZero();
        assertThat(ArchiveCare.of(store).verified().get(1).since()).isAfter(second.checked());
    }

    @Test
    void incrementalVerificationDoesNotRestoreAMarkThatWasRemovedMeanwhile() throws IOException {
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        damage(segment(0).key());
        // After the mark was read, and before the result is put.
        InterposedStore first = new InterposedStore(
                store,
                20,
                () -> verify(ArchiveVerifyOptions.level(Level.CONTENT).record()));
        new ArchiveVerifier(archive.care(first))
                .verify(
                        ArchiveVerifyOptions.level(Level.CONTENT)
                                .incremental(REVERIFY)
                                .record()
                                .build(),
                        WalProgress.NONE);
        assertThat(first.isReached()).isTrue();
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence");
    }

    @Test
    void sampleReadsAPartAndIsNotRecorded() throws IOException {
        verify(ArchiveVerifyOptions.level(Level.CONTENT).sample(30, 7));
        long read = CaredArchive.proof(store).segments().size() - costs.get(0).skippedSegments();
        assertThat(read).isBetween(1L, CaredArchive.proof(store).segments().size() / 2L);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ArchiveVerifyOptions.level(Level.CONTENT)
                        .sample(30, 7)
                        .record()
                        .build())
                .withMessageContaining("a sample cannot be recorded");
    }

    @Test
    void costIsStatedBeforeAnyObjectIsRead() {
        HeapStore client = store.client(request -> {
            if (request.kind() == Kind.GET && request.key().startsWith("segments/")) {
                throw new AssertionError("read before the cost was stated");
            }
            return null;
        });
        assertThatThrownBy(() -> new ArchiveVerifier(archive.care(client))
                        .verify(
                                ArchiveVerifyOptions.level(Level.CONTENT)
                                        .onCost(cost -> {
                                            throw new IllegalArgumentException("too much: " + cost.bytes());
                                        })
                                        .build(),
                                WalProgress.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too much");
    }

    @Test
    void damagedCareRecordIsAProblem() {
        verify(ArchiveVerifyOptions.level(Level.CHAIN).record());
        store.damage("care/00000000000000000001", new byte[4]);
        assertThat(verify(ArchiveVerifyOptions.level(Level.CHAIN)).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.reason()).contains("not a care record"));
    }

    @Test
    void acknowledgedGapIsSound(@TempDir Path dir) throws IOException {
        try (var wal = SmallLog.open(dir)) {
            SmallLog.append(wal, 300);
        }
        store = new HeapStore();
        TestArchive gapped = new TestArchive(store, dir).segment(1);
        long first = gapped.archived().sequence() + 1;
        long last = io.veloz.wal.spi.LogFiles.of(dir).sealed(2).orElseThrow().lastSequence();
        gapped.gap(first, last, 3).tails(1000, Long.MAX_VALUE);
        assertThat(verify(ArchiveVerifyOptions.level(Level.PRESENCE)).isSound()).isFalse();
        LostRange gap = ArchiveStatus.of(store).gaps().get(0);
        new ArchiveVerifier(archive.care(store)).acknowledge(gap);
        ArchiveReport report = verify(ArchiveVerifyOptions.level(Level.PRESENCE));
        assertThat(report.isSound()).isTrue();
        assertThat(report.unacknowledgedGaps()).isEmpty();
        assertThat(report.status().gaps()).hasSize(1);
    }

    @Test
    void retentionDuringAVerificationIsNoProblem() throws IOException {
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        var verified = new HeapStore();
        store.objects().forEach(verified::damage);
        for (int n = 1; ; n += 5) {
            HeapStore each = new HeapStore();
            verified.objects().forEach(each::damage);
            InterposedStore reader = new InterposedStore(
                    each,
                    n,
                    () -> ArchiveRetention.apply(
                            archive.care(each),
                            CaredArchive.options()
                                    .keepFor(Duration.ofDays(42))
                                    .grace(Duration.ZERO)
                                    .build()));
            ArchiveReport report = new ArchiveVerifier(archive.care(reader)).full(WalProgress.NONE);
            assertThat(report.problems()).as("request " + n).isEmpty();
            if (!reader.isReached()) {
                return;
            }
        }
    }

    /** Returns the number of requests before the first one that reads an object. */
    private long requestsOfTheProof(HeapStore of) {
        long[] first = {0};
        HeapStore[] client = new HeapStore[1];
        client[0] = of.client(request -> {
            boolean isObject = request.kind() == Kind.GET && request.key().startsWith("segments/");
            first[0] = isObject && first[0] == 0 ? client[0].requests() : first[0];
            return null;
        });
        new ArchiveVerifier(archive.care(client[0])).full(WalProgress.NONE);
        return first[0];
    }

    private void commitAndDrop(HeapStore each) {
        archive.commit(each);
        archive.dropTails(each);
    }

    @Test
    void segmentThatIsCommittedDuringAVerificationIsNoProblem() {
        verify(ArchiveVerifyOptions.level(Level.CONTENT).record());
        var verified = store.objects();
        for (long n = requestsOfTheProof(store); ; n += 3) {
            store = new HeapStore();
            verified.forEach(store::damage);
            InterposedStore reader = new InterposedStore(store, n, () -> commitAndDrop(store));
            ArchiveReport report = archive.verify(reader);
            assertThat(report.problems()).as("request " + n).isEmpty();
            assertThat(levels()).as("request " + n).contains("content");
            if (!reader.isReached()) {
                return;
            }
        }
    }

    @Test
    void segmentThatReplacesTailsDuringAVerificationIsChecked() throws IOException {
        archive.verify(store);
        long last = segment(-1).number() + 1;
        String key = ArchiveKeys.segment("orders", last, 1);
        InterposedStore reader = new InterposedStore(store, requestsOfTheProof(store), () -> {
            commitAndDrop(store);
            damage(key);
        });
        assertThat(archive.verify(reader).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(key));
        assertThat(levels()).containsExactlyInAnyOrder("chain", "presence");
    }

    @Test
    void tailThatIsMissingWithoutItsSegmentIsAProblem() throws IOException {
        archive.verify(store);
        InterposedStore reader = new InterposedStore(store, requestsOfTheProof(store), () -> archive.dropTails(store));
        // The tip is one of the tails, so the chain seems to end before them.
        ArchiveReport report = archive.verify(reader);
        assertThat(report.problems()).hasSize(1);
        assertThat(report.problems().get(0).reason()).contains("it is missing, and no slot commits segment");
        assertThat(levels()).isEmpty();
    }

    @Test
    void soundVerificationDoesNotRestoreAMarkThatALaterOneRemoved() throws IOException {
        HeapStore client = store.client(HeapStore.Plan.NONE);
        archive.verify(client);
        store = archive.newStore();
        // After all objects were read, and before the result is put.
        InterposedStore first = new InterposedStore(store, client.requests() - 5, () -> {
            damageFirst();
            assertThat(archive.verify(store).isSound()).isFalse();
        });
        assertThat(archive.verify(first).isSound()).isTrue();
        assertThat(first.isReached()).isTrue();
        assertThat(levels()).isEmpty();
    }

    private void damageFirst() {
        try {
            damage(segment(0).key());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void damageRemovesTheMarksFromTheLevelOnThatFindsIt() throws IOException {
        archive.verify(store);
        store.remove(segment(0).key());
        archive.verify(store);
        assertThat(levels()).containsExactly("chain");
    }

    @Test
    void verificationThatFailsAtADamagedSlotRemovesAllMarks() {
        archive.verify(store);
        store.damage(ArchiveKeys.slot(3), new byte[4]);
        assertThatThrownBy(() -> archive.verify(store))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining(ArchiveKeys.slot(3));
        assertThat(levels()).isEmpty();
    }

    @Test
    void lostSlotsAreAProblemAndTheirEvidenceStays() throws IOException {
        archive.verify(store);
        archive.commit(store);
        archive.restart(store);
        archive.verify(store);
        long kept = CaredArchive.proof(store).tip().number();
        store.remove(ArchiveKeys.slot(kept));
        ArchiveReport report = archive.verify(store);
        assertThat(report.problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(ArchiveKeys.slot(kept)));
        assertThat(ArchiveCare.of(store).record()).isEqualTo(2);
        assertThatThrownBy(() -> ArchiveHolds.hold(archive.care(store), 0, "audit"))
                .isInstanceOf(ArchiveCareException.class)
                .hasMessageContaining("was made when the last kept slot was " + kept);
        assertThatThrownBy(() -> ArchiveRetention.plan(
                        archive.care(store), CaredArchive.options().build()))
                .isInstanceOf(ArchiveCareException.class)
                .hasMessageContaining("was made when the last kept slot was " + kept);
    }

    @ParameterizedTest
    @CsvSource({"1350,1201", "0,5", "5,-1", "1000000000000000000,1000000000000000001"})
    void gapThatCannotBeReadAgainIsNotAcknowledged(long first, long last) {
        ArchiveVerifier verifier = new ArchiveVerifier(archive.care(store));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> verifier.acknowledge(new LostRange(first, last, "", -1, "")))
                .withMessageContaining(first + " to " + last);
        assertThat(ArchiveCare.of(store).record()).isZero();
    }

    @Test
    void partOfTheContentIsRefusedAtALevelThatDoesNotReadIt() {
        for (ArchiveVerifyOptions.Builder options : List.of(
                ArchiveVerifyOptions.level(Level.PRESENCE).incremental(REVERIFY),
                ArchiveVerifyOptions.level(Level.CHAIN).sample(10, 1))) {
            assertThatIllegalArgumentException().isThrownBy(options::build).withMessageContaining("reads no content");
        }
    }
}
