package io.veloz.wal.chronicle;

import static io.veloz.wal.chronicle.WrittenQueue.BY_LENGTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.chronicle.WrittenQueue.Content;
import io.veloz.wal.testkit.CrashPoints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Imports of queues that Chronicle Queue wrote. */
class ChronicleQueueImportTest {
    private static final long SEED = Long.getLong("wal.seed", 1);

    @TempDir
    Path dir;

    private WrittenQueue written;
    private WalConfig config;

    @BeforeEach
    void openQueue() {
        written = new WrittenQueue(dir.resolve("queue"), SEED);
        config = WalConfig.builder(dir.resolve("log"))
                .segmentBytes(64 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build();
    }

    @AfterEach
    void closeQueue() {
        written.close();
    }

    private void writeDays(int days, int documents) {
        for (int day = 0; day < days; day++) {
            written.write(documents);
            written.nextDay();
        }
    }

    private ChronicleQueueImportReport run(DocumentMapping mapping) {
        return run(mapping, 1024);
    }

    private ChronicleQueueImportReport run(DocumentMapping mapping, long bytesBetweenPositions) {
        try (ChronicleQueue queue = written.openReadOnly()) {
            return ChronicleQueueImport.run(
                    queue, config, mapping, ChronicleQueueImport.Progress.NONE, bytesBetweenPositions);
        }
    }

    private void assertImported() {
        List<Content> documents = written.documents();
        List<Content> expected = new ArrayList<>();
        for (Content document : documents) {
            expected.add(
                    new Content(expected.size() + 1, document.type(), document.timestampNanos(), document.payload()));
        }
        assertThat(WrittenQueue.records(config)).isEqualTo(expected);
    }

    @Test
    void everyDocumentBecomesARecord() throws IOException {
        writeDays(3, 50);
        List<Content> documents = written.documents();
        assertThat(documents).hasSize(150);
        Map<String, Integer> before = files(dir.resolve("queue"));
        List<Long> progress = new ArrayList<>();
        ChronicleQueueImportReport report;
        try (ChronicleQueue queue = written.openReadOnly()) {
            report = ChronicleQueueImport.run(queue, config, BY_LENGTH, (count, index, last) -> {
                progress.add(count);
                assertThat(index).isEqualTo(documents.get((int) count - 1).position());
                assertThat(last).isEqualTo(documents.get(149).position());
            });
        }
        assertThat(report)
                .isEqualTo(new ChronicleQueueImportReport(
                        150, 0, OptionalLong.of(documents.get(149).position()), 150));
        assertThat(progress).hasSize(150).isSorted();
        assertImported();
        assertThat(files(dir.resolve("queue"))).as("the queue is only read").isEqualTo(before);
    }

    /** Names and hashes of the content. */
    private static Map<String, Integer> files(Path directory) throws IOException {
        Map<String, Integer> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : all.toList()) {
                files.put(file.getFileName().toString(), Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        return files;
    }

    @Test
    void queueThatIsOpenForWritingIsImported() {
        writeDays(2, 20);
        ChronicleQueueImport.run(written.queue(), config, BY_LENGTH, ChronicleQueueImport.Progress.NONE);
        assertImported();
        written.write(20);
        ChronicleQueueImport.run(written.queue(), config, BY_LENGTH, ChronicleQueueImport.Progress.NONE);
        assertImported();
    }

    @Test
    void emptyQueueBecomesAnEmptyLog() {
        ChronicleQueueImportReport report =
                ChronicleQueueImport.run(written.queue(), config, BY_LENGTH, ChronicleQueueImport.Progress.NONE);
        assertThat(report).isEqualTo(new ChronicleQueueImportReport(0, 0, OptionalLong.empty(), 0));
        written.write(5);
        run(BY_LENGTH);
        assertImported();
    }

    /** Ends an import at a document, as an error of the disk or a signal would. */
    private static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Test
    void importThatWasCutAnywhereResumesAfterTheLastDocument() {
        Random random = new Random(SEED);
        System.out.println("seed " + SEED);
        writeDays(4, 60);
        int cuts = 0;
        while (true) {
            int after = random.nextInt(1, 20);
            long between = random.nextInt(1, 4096);
            int[] calls = {0};
            // Each run compares some documents first, which counts as well.
            DocumentMapping cutting = (index, document) -> {
                if (calls[0]++ == after + 20) {
                    throw new Cut();
                }
                return BY_LENGTH.type(index, document);
            };
            try {
                run(cutting, between);
                break;
            } catch (Cut e) {
                cuts++;
            }
        }
        assertThat(cuts).isGreaterThan(3);
        assertImported();
        ChronicleQueueImportReport report = run(BY_LENGTH);
        assertThat(report.documents()).isZero();
        assertThat(report.resumedAfter()).isEqualTo(240);
        assertImported();
    }

    @Test
    void everyCrashPointOfAnImportIsResumed() {
        writeDays(2, 15);
        List<String> expected =
                written.documents().stream().map(Content::payload).toList();
        try (ChronicleQueue queue = written.openReadOnly()) {
            CrashPoints.Workload<String> workload = (storage, history) -> {
                WalConfig target = WalConfig.builder(storage)
                        .segmentBytes(16 * 1024)
                        .maxBatchBytes(4 * 1024)
                        .bufferBytes(8 * 1024)
                        .build();
                ChronicleQueueImport.run(queue, target, BY_LENGTH, ChronicleQueueImport.Progress.NONE, 1000);
                assertThat(WrittenQueue.records(target).stream().map(Content::payload))
                        .containsExactlyElementsOf(expected);
            };
            CrashPoints<String> points = CrashPoints.of(workload, workload::run).cuts(2);
            int cuts = points.cutOnce() + points.cutTwice(50);
            int deaths = points.killThenCut();
            System.out.println("seed " + SEED + ": " + cuts + " power cuts, " + deaths + " deaths");
            assertThat(cuts).isGreaterThan(100);
        }
    }

    @Test
    void queueThatHasGrownIsImportedFurther() {
        for (int round = 0; round < 4; round++) {
            written.write(10);
            run(BY_LENGTH);
            written.write(10);
            ChronicleQueueImportReport report = run(BY_LENGTH);
            assertThat(report.documents()).isEqualTo(10);
            assertThat(report.resumedAfter()).isEqualTo(round * 20L + 10);
            written.nextDay();
        }
        assertImported();
    }

    @Test
    void filesOfTheQueueThatWereImportedMayBeDeleted() throws IOException {
        writeDays(2, 10);
        run(BY_LENGTH);
        List<Content> first = WrittenQueue.records(config);
        written.write(10);
        deleteFirstFile();
        assertThat(run(BY_LENGTH).documents()).isEqualTo(10);
        assertThat(WrittenQueue.records(config)).hasSize(30).startsWith(first.toArray(Content[]::new));
    }

    @Test
    void queueThatLostTheDocumentToResumeAtIsRefused() throws IOException {
        written.write(10);
        run(BY_LENGTH);
        written.nextDay();
        written.write(10);
        deleteFirstFile();
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("has no document with index 0x");
        assertThat(WrittenQueue.records(config)).hasSize(10);
    }

    private void deleteFirstFile() throws IOException {
        // A queue that is closed has written its list of files.
        written.close();
        try (Stream<Path> files = Files.list(dir.resolve("queue"))) {
            Files.delete(files.filter(file -> file.toString().endsWith(".cq4"))
                    .sorted()
                    .findFirst()
                    .orElseThrow());
        }
        try (ChronicleQueue queue = WrittenQueue.builder(dir.resolve("queue")).build()) {
            queue.refreshDirectoryListing();
        }
    }

    @Test
    void logWithRecordsOfItsOwnIsRefused() {
        written.write(3);
        try (Wal wal = Wal.open(config)) {
            wal.appendDurable(1, ByteBuffer.allocate(8));
        }
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("has 1 records and no import position");
        assertThat(WrittenQueue.records(config)).hasSize(1);
    }

    @Test
    void recordsAppendedAfterAnImportAreNotTakenForDocuments() {
        written.write(3);
        run(BY_LENGTH);
        try (Wal wal = Wal.open(config)) {
            wal.appendDurable(1, ByteBuffer.allocate(8));
        }
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("record 4 of")
                .hasMessageContaining("is not the document after index 0x");
        written.write(3);
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("record 4 of")
                .hasMessageContaining("is not the document with index 0x");
        assertThat(WrittenQueue.records(config)).hasSize(4);
    }

    @Test
    void anotherQueueIsRefused() {
        written.write(10);
        run(BY_LENGTH);
        try (WrittenQueue other = new WrittenQueue(dir.resolve("other"), SEED + 1)) {
            other.write(20);
            try (ChronicleQueue queue = other.openReadOnly()) {
                assertThatThrownBy(() ->
                                ChronicleQueueImport.run(queue, config, BY_LENGTH, ChronicleQueueImport.Progress.NONE))
                        .isInstanceOf(WalOpenException.class)
                        .hasMessageContaining("record 10 of");
            }
        }
        assertThat(WrittenQueue.records(config)).hasSize(10);
    }

    @Test
    void typeAndTimeAreThoseOfTheMapping() {
        written.write(10);
        DocumentMapping mapping = new DocumentMapping() {
            @Override
            public int type(long index, Bytes<?> document) {
                // Whatever it reads, the whole document is imported.
                document.readSkip(document.readRemaining());
                return 7;
            }

            @Override
            public long timestampNanos(long index, Bytes<?> document, long cycleStartNanos) {
                assertThat(document.readRemaining()).isPositive();
                document.clear();
                return cycleStartNanos + (index & 0xffff);
            }
        };
        run(mapping);
        run(mapping);
        List<Content> documents = written.documents();
        List<Content> records = WrittenQueue.records(config);
        assertThat(records).hasSize(10);
        for (int i = 0; i < 10; i++) {
            assertThat(records.get(i))
                    .isEqualTo(new Content(
                            i + 1,
                            7,
                            WrittenQueue.FIRST_DAY_MILLIS * 1_000_000 + i,
                            documents.get(i).payload()));
        }
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("record 10 of");
    }

    @Test
    void typeThatIsOutOfRangeIsRefusedAndTheImportResumes() {
        written.write(10);
        assertThatThrownBy(() -> run((index, document) -> (index & 0xffff) == 5 ? 0 : BY_LENGTH.type(index, document)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record type 0");
        assertThat(run(BY_LENGTH).resumedAfter()).isEqualTo(5);
        assertImported();
    }

    @Test
    void damagedPositionIsRefused() throws IOException {
        written.write(10);
        run(BY_LENGTH);
        Path position = dir.resolve("log/.orders_chronicle_import");
        byte[] content = Files.readAllBytes(position);
        assertThat(Files.readString(position)).startsWith("chronicle-import 1 sequence 10 index ");
        for (int i = 0; i < content.length; i++) {
            byte[] damaged = content.clone();
            damaged[i] ^= 1;
            Files.write(position, damaged);
            assertThatThrownBy(() -> run(BY_LENGTH))
                    .isInstanceOf(WalOpenException.class)
                    .hasMessageContaining("is not a valid import position");
        }
        Files.write(position, content);
        assertThat(run(BY_LENGTH).documents()).isZero();
    }

    @Test
    void positionOfAnotherLogIsRefused() {
        written.write(10);
        run(BY_LENGTH);
        WalConfig imported = config;
        config = config.toBuilder(dir.resolve("new")).build();
        try {
            Files.createDirectories(dir.resolve("new"));
            Files.copy(dir.resolve("log/.orders_chronicle_import"), dir.resolve("new/.orders_chronicle_import"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("ends with record 0; expected record 10 of an earlier import");
        config = imported;
        assertImported();
    }
}
