package io.veloz.wal.chronicle;

import static io.veloz.wal.chronicle.WrittenQueue.BY_LENGTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.chronicle.WrittenQueue.Content;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import io.veloz.wal.testkit.CrashPoints;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.Fault;
import io.veloz.wal.testkit.FaultPlan;
import io.veloz.wal.testkit.FaultyStorage;
import io.veloz.wal.testkit.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.wire.DocumentContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Imports of queues that Chronicle Queue wrote. */
class ChronicleQueueImportTest {
    private static final long SEED = Long.getLong("wal.seed", 1);
    private static final int PAGE_BYTES = 4096;

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
        Files.delete(queueFiles().get(0));
        try (ChronicleQueue queue = WrittenQueue.builder(dir.resolve("queue")).build()) {
            queue.refreshDirectoryListing();
        }
    }

    private List<Path> queueFiles() throws IOException {
        try (Stream<Path> files = Files.list(dir.resolve("queue"))) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .sorted()
                    .toList();
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
    void metadataAndDocumentsThatWereRolledBackAreLeftOut() {
        written.write(3);
        try (ExcerptAppender appender = written.queue().createAppender()) {
            try (DocumentContext metadata = appender.writingDocument(true)) {
                metadata.wire().write("metadata").text("of the queue");
            }
            try (DocumentContext document = appender.writingDocument()) {
                document.wire().write("document").text("that was rolled back");
                document.rollbackOnClose();
            }
        }
        written.write(3);
        run(BY_LENGTH);
        assertThat(WrittenQueue.records(config)).hasSize(6);
        assertImported();
    }

    @Test
    void documentThatIsBeingWrittenIsImportedByTheNextRun() {
        written.write(3);
        try (ExcerptAppender appender = written.queue().createAppender();
                DocumentContext document = appender.writingDocument()) {
            document.wire().write("document").text("that is not complete");
            assertThat(run(BY_LENGTH).documents()).isEqualTo(3);
        }
        assertThat(run(BY_LENGTH).documents()).isEqualTo(1);
        assertImported();
    }

    @Test
    void cycleWithoutDocumentsIsTheEndOfAQueue() {
        written.write(3);
        written.nextDay();
        try (ExcerptAppender appender = written.queue().createAppender();
                DocumentContext metadata = appender.writingDocument(true)) {
            metadata.wire().write("metadata").text("of the queue");
        }
        assertThat(run(BY_LENGTH).documents()).isEqualTo(3);
        assertImported();
    }

    /** The mapped chunks of this queue have 4096 bytes and overlap by 4096. */
    @Test
    void documentThatReachesOverSeveralChunksOfTheQueueIsImportedWhole() {
        config = config.toBuilder(dir.resolve("log"))
                .bufferBytes(64 * 1024)
                .maxBatchBytes(32 * 1024)
                .build();
        List<String> texts = new ArrayList<>();
        try (ExcerptAppender appender = written.queue().createAppender()) {
            for (int i = 0; i < 20; i++) {
                texts.add(Character.toString('a' + i).repeat(300 + i * 1000));
                appender.writeText(texts.get(i));
            }
        }
        run(BY_LENGTH);
        assertImported();
        assertThat(run(BY_LENGTH).documents()).isZero();
        List<Content> records = WrittenQueue.records(config);
        for (int i = 0; i < 20; i++) {
            assertThat(new String(HexFormat.of().parseHex(records.get(i).payload()), StandardCharsets.ISO_8859_1))
                    .endsWith(texts.get(i));
        }
    }

    @Test
    void documentThatIsTooLargeIsNamedAndImportedWithOtherSettings() {
        written.write(3);
        try (ExcerptAppender appender = written.queue().createAppender()) {
            appender.writeText("x".repeat(5000));
        }
        written.write(3);
        String index = Long.toHexString(written.documents().get(3).position());
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("document with index 0x" + index + " of " + dir.resolve("queue"))
                .hasMessageContaining("expected at most " + config.maxPayloadBytes() + " bytes");
        config = config.toBuilder(dir.resolve("log"))
                .bufferBytes(32 * 1024)
                .maxBatchBytes(16 * 1024)
                .build();
        assertThat(run(BY_LENGTH).resumedAfter()).isEqualTo(3);
        assertImported();
    }

    @Test
    void queueThatLostTheEndOfItsLastFileIsNotImportedAsIfItWereComplete() throws IOException {
        writeDays(2, 100);
        written.close();
        Path last = queueFiles().get(1);
        byte[] content = Files.readAllBytes(last);
        int used = content.length;
        while (content[used - 1] == 0) {
            used--;
        }
        // As after a power failure: the header reached the disk, and the pages with the last documents did not.
        Arrays.fill(content, used / 2 / PAGE_BYTES * PAGE_BYTES, content.length, (byte) 0);
        Files.write(last, content);
        int readable = written.documents().size();
        assertThat(readable).isBetween(101, 199);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> run(BY_LENGTH))
                    .isInstanceOf(WalOpenException.class)
                    .hasMessageContaining("stopped after index 0x")
                    .hasMessageContaining("expected documents up to index 0x");
            assertThat(WrittenQueue.records(config)).hasSize(readable);
        }
    }

    // ---- the disk of the log

    private static WalConfig on(Storage storage) {
        return WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build();
    }

    @Test
    void positionThatDoesNotFitOnTheDiskEndsTheImport() {
        assertThatFullDiskEndsTheImport(operation ->
                operation.file().startsWith(".orders_chronicle_import") && operation.kind() == Operation.Kind.CREATE);
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void diskThatIsFullWhenTheLogIsForcedEndsTheImport() {
        assertThatFullDiskEndsTheImport(
                operation -> operation.file().endsWith("_current.wal") && operation.kind() == Operation.Kind.WRITE);
    }

    private void assertThatFullDiskEndsTheImport(Predicate<Operation> full) {
        written.write(20);
        FaultyStorage storage = new FaultyStorage(SEED, DiskRules.WORST);
        config = on(storage);
        DocumentMapping filling = (index, document) -> {
            if ((index & 0xffff) == 10) {
                storage.plan(operation -> full.test(operation) ? Fault.NO_ROOM : null);
            }
            return BY_LENGTH.type(index, document);
        };
        // A position after each document, so that the log is forced after each.
        assertThatThrownBy(() -> run(filling, 1)).isInstanceOf(WalDiskFullException.class);
        storage.plan(FaultPlan.NONE);
        assertThat(run(BY_LENGTH).resumedAfter()).isBetween(10L, 11L);
        assertImported();
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"IO_ERROR", "IO_ERROR_AFTERWARDS", "NO_ROOM", "TOO_MANY_FILES", "SHORT"})
    void importThatAFaultOfTheDiskEndedIsResumed(Fault fault) {
        writeDays(2, 15);
        int ended = 0;
        for (int number = 1; number < 150; number += 3) {
            FaultyStorage storage = new FaultyStorage(SEED + number, DiskRules.WORST);
            config = on(storage);
            storage.plan(FaultPlan.once(number, fault));
            try {
                run(BY_LENGTH);
            } catch (WalOpenException | WalDiskFullException | WalFailedException e) {
                ended++;
            }
            storage.plan(FaultPlan.NONE);
            assertThat(run(BY_LENGTH).lastSequence()).isEqualTo(30);
            assertImported();
        }
        if (fault != Fault.SHORT) {
            assertThat(ended).isPositive();
        }
    }

    // ---- two imports

    @Test
    void importIntoALogThatIsOpenIsRefused() {
        written.write(10);
        try (ChronicleQueue queue = written.openReadOnly()) {
            ChronicleQueueImport.run(queue, config, BY_LENGTH, (documents, index, last) -> {
                assertThatThrownBy(() -> run(BY_LENGTH)).isInstanceOf(WalLockedException.class);
            });
        }
        assertImported();
    }

    /** The second import appends after the first has closed the log, and before the first reads the log back. */
    @Test
    void importThatAnotherOneOvertakesSucceeds() {
        written.write(10);
        FaultyStorage disk = new FaultyStorage(SEED, DiskRules.WORST);
        boolean[] overtaken = {false};
        config = on(new ForwardingStorage(disk) {
            @Override
            public StorageLock lock(String name) throws IOException {
                StorageLock lock = super.lock(name);
                return () -> {
                    lock.close();
                    if (!overtaken[0]) {
                        overtaken[0] = true;
                        written.write(5);
                        assertThat(run(BY_LENGTH).documents()).isEqualTo(5);
                    }
                };
            }
        });
        assertThat(run(BY_LENGTH).lastSequence()).isEqualTo(10);
        assertThat(overtaken).containsExactly(true);
        assertImported();
    }

    // ---- the position

    @Test
    void positionOfALaterVersionIsRefused() throws IOException {
        written.write(10);
        run(BY_LENGTH);
        String text = "chronicle-import 2 with other content ";
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.US_ASCII));
        Files.writeString(
                dir.resolve("log/.orders_chronicle_import"),
                text + String.format(Locale.ROOT, "crc32c %08x\n", crc.getValue()));
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalVersionException.class)
                .hasMessageContaining("import position of version 2; this library knows version 1");
    }

    @Test
    void logThatWasTrimmedIsRefused() {
        written.write(10);
        run(BY_LENGTH);
        trim();
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("was trimmed and begins with record 11; expected record 10 of an earlier import");
        try (Wal wal = Wal.open(config)) {
            wal.appendDurable(1, ByteBuffer.allocate(8));
        }
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("was trimmed and begins with record 11; expected record 10 of an earlier import");
    }

    private void trim() {
        try (Wal wal = Wal.open(config)) {
            wal.roll();
            wal.writeCheckpoint(10, out -> {});
            wal.writeCheckpoint(10, out -> {});
            assertThat(wal.trim(0).firstSequence()).isEqualTo(11);
        }
    }

    @Test
    void emptyPositionIsRefused() throws IOException {
        written.write(10);
        run(BY_LENGTH);
        Files.write(dir.resolve("log/.orders_chronicle_import"), new byte[0]);
        assertThatThrownBy(() -> run(BY_LENGTH))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("is not a valid import position");
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
