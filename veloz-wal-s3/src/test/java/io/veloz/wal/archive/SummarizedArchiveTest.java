package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.SummaryContent;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An archive with summaries, shipped by a real shipper: read through them, and with damaged slots. */
@Timeout(120)
class SummarizedArchiveTest {
    private static final int SEGMENTS = 140;

    @TempDir
    static Path shipped;

    @TempDir
    Path dir;

    private Path archive;

    @BeforeAll
    static void ship() {
        ShipperConfig config = ShipperConfig.builder(
                        shipped.resolve("archive").toUri().toString())
                .flushInterval(Duration.ofSeconds(1))
                .build();
        try (Wal wal = SmallLog.open(shipped.resolve("log"));
                WalShipper shipper = WalShipper.start(wal, config)) {
            for (int i = 0; i < SEGMENTS; i++) {
                SmallLog.append(wal, 1);
                wal.roll();
            }
            SmallLog.append(wal, 3);
            ArchivedLog.awaitSegments(shipper, wal);
        }
    }

    @BeforeEach
    void copy() throws IOException {
        archive = dir.resolve("archive");
        ArchivedLog.copy(shipped.resolve("archive"), archive);
    }

    private String uri() {
        return archive.toUri().toString();
    }

    private TreeMap<Long, Slot> slots() throws IOException {
        TreeMap<Long, Slot> slots = new TreeMap<>();
        try (Stream<Path> files = Files.list(archive.resolve("ship"))) {
            for (Path file : files.toList()) {
                long number = Long.parseLong(file.getFileName().toString());
                slots.put(
                        number,
                        SlotCodec.decode("slot", number, Files.readAllBytes(file))
                                .slot());
            }
        }
        return slots;
    }

    private long last(Class<? extends Slot.Part> kind) throws IOException {
        return slots().values().stream()
                .filter(slot -> kind.isInstance(slot.part()))
                .mapToLong(Slot::number)
                .max()
                .orElseThrow();
    }

    private void damage(long slot) throws IOException {
        Path file = archive.resolve(ArchiveKeys.slot(slot));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
    }

    private ArchiveReport verified() {
        try (ObjectStore store = new DirectoryStore(archive)) {
            return new ArchiveVerifier(store).full(WalProgress.NONE);
        }
    }

    @Test
    void archiveIsVerifiedAndRestoredThroughItsSummaries() throws IOException {
        long kept = slots().values().stream().filter(Slot::isKept).count();
        ArchiveReport report = verified();
        assertThat(report.isSound()).isTrue();
        assertThat(report.status().archivedSequence()).isEqualTo(SEGMENTS + 3);
        assertThat(report.status().slotsRead()).isLessThan(kept);
        Path restored = dir.resolve("restored");
        assertThat(WalRecovery.restoreFrom(uri(), RestoreOptions.into(restored)).lastSequence())
                .isEqualTo(SEGMENTS + 3);
        assertThat(SmallLog.read(restored)).isEqualTo(SmallLog.read(shipped.resolve("log")));
    }

    @Test
    void statusEqualsTheProof() {
        try (ObjectStore store = new DirectoryStore(archive)) {
            ArchiveStatus status = ArchiveStatus.of(store);
            ArchiveStatus proven = verified().status();
            assertThat(status.slotsRead()).isLessThan(proven.slotsRead());
            assertThat(status)
                    .usingRecursiveComparison()
                    .ignoringFields("slotsRead", "firstTimestampNanos")
                    .isEqualTo(proven);
        }
    }

    @Test
    void damagedSlotThatASummaryRepeatsIsAProblemAndDoesNotPreventARestore() throws IOException {
        long first = slots().values().stream()
                .filter(slot -> slot.part() instanceof Segment)
                .mapToLong(Slot::number)
                .min()
                .orElseThrow();
        damage(first);
        try (ObjectStore store = new DirectoryStore(archive)) {
            assertThat(new ArchiveVerifier(store).quick(WalProgress.NONE).isSound())
                    .isTrue();
        }
        assertThat(verified().problems()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo(ArchiveKeys.slot(first));
            assertThat(problem.reason()).startsWith("it is damaged, and a summary repeats it: ");
        });
        assertThat(WalRecovery.restoreFrom(uri(), RestoreOptions.into(dir.resolve("restored")))
                        .lastSequence())
                .isEqualTo(SEGMENTS + 3);
    }

    @Test
    void missingSlotThatASummaryRepeatsIsAProblem() throws IOException {
        Files.delete(archive.resolve(ArchiveKeys.slot(1)));
        assertThat(verified().problems()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo(ArchiveKeys.slot(1));
            assertThat(problem.reason()).isEqualTo("it is missing; a summary repeats it");
        });
    }

    /** Replaces the content of the last SUMMARY by a wrong one, and all digests by those of the replaced slots. */
    private long lie(UnaryOperator<SummaryContent> lie) throws IOException {
        HeapStore honest = new HeapStore();
        honest.damage(ArchiveKeys.LOG, Files.readAllBytes(archive.resolve(ArchiveKeys.LOG)));
        for (long number : slots().keySet()) {
            String key = ArchiveKeys.slot(number);
            honest.damage(key, Files.readAllBytes(archive.resolve(key)));
        }
        LyingArchive lying = new LyingArchive(honest);
        long number = last(Summary.class);
        Summary head = (Summary) lying.slots.get(number).part();
        SummaryContent wrong = lie.apply(SummaryContent.decode("summary", head, lying.contents.get(number)));
        byte[] content = wrong.encode();
        lying.contents.put(number, content);
        lying.part(
                number,
                any -> new Summary(
                        head.level(),
                        head.before(),
                        head.from(),
                        head.to(),
                        wrong.entries().size(),
                        head.sequence(),
                        content.length,
                        Digest.of(content)));
        for (var object : lying.store().objects().entrySet()) {
            Files.write(archive.resolve(object.getKey()), object.getValue());
        }
        // The writer of such a SUMMARY would have recorded the end of its own slots.
        Files.delete(archive.resolve(ArchiveKeys.end(1)));
        return number;
    }

    private void assertWrongSummaryIsAProblem(long summary, String reason) throws IOException {
        try (ObjectStore store = new DirectoryStore(archive)) {
            for (ArchiveReport report : List.of(new ArchiveVerifier(store).quick(WalProgress.NONE), verified())) {
                assertThat(report.isSound()).isFalse();
                assertThat(report.problems()).singleElement().satisfies(problem -> {
                    assertThat(problem.key()).isEqualTo(ArchiveKeys.slot(summary));
                    assertThat(problem.reason()).contains(reason);
                });
            }
        }
        assertThat(WalRecovery.restoreFrom(uri(), RestoreOptions.into(dir.resolve("restored")))
                        .lastSequence())
                .isEqualTo(SEGMENTS + 3);
    }

    @Test
    void summaryThatOmitsASlotIsAProblemAndDoesNotPreventARestore() throws IOException {
        long summary = lie(right -> {
            List<Entry> fewer = new ArrayList<>(right.entries());
            fewer.remove(5);
            return new SummaryContent(right.peaks(), fewer);
        });
        assertWrongSummaryIsAProblem(summary, "it does not repeat the kept slot ");
    }

    @Test
    void summaryWithoutTheSummariesBeforeItIsAProblem() throws IOException {
        long summary = lie(right -> new SummaryContent(List.of(), right.entries()));
        assertWrongSummaryIsAProblem(summary, "begin after slot ");
    }

    @Test
    void damagedSummaryIsReportedByItsSlot() throws IOException {
        long summary = last(Summary.class);
        damage(summary);
        assertThatThrownBy(this::verified)
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED))
                .hasMessageContaining(ArchiveKeys.slot(summary));
    }
}
