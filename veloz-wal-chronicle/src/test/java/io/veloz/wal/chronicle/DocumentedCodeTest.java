package io.veloz.wal.chronicle;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java blocks of docs/chronicle.md equal the code between "begin" and "end" here, except for white space. */
class DocumentedCodeTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern TESTED_CODE = Pattern.compile("// begin\n(.*?)// end", Pattern.DOTALL);

    @TempDir
    Path directory;

    @Test
    void thePageShowsThisCode() throws IOException {
        Path source = ROOT.resolve("veloz-wal-chronicle/src/test/java/io/veloz/wal/chronicle/DocumentedCodeTest.java");
        List<String> shown = blocks(JAVA_BLOCK, ROOT.resolve("docs/chronicle.md"));
        assertThat(shown).hasSize(2).isEqualTo(blocks(TESTED_CODE, source));
    }

    private static List<String> blocks(Pattern pattern, Path file) throws IOException {
        return pattern.matcher(Files.readString(file))
                .results()
                .map(block -> block.group(1).replaceAll("\\s+", ""))
                .toList();
    }

    @Test
    void bytesAreAppendedAndRead() {
        long orderId = 5;
        double price = 1.5;
        try (Wal wal = Wal.open(directory)) {
            // begin
            BytesAppender appender = BytesAppender.of(wal); // one for each thread
            Bytes<byte[]> bytes = Bytes.allocateElasticOnHeap();
            bytes.writeLong(orderId).writeDouble(price);
            long sequence = appender.appendDurable(7, bytes); // the positions of the Bytes do not move

            try (WalReader reader = wal.reader()) {
                BytesReader bytesReader = BytesReader.of(reader);
                while (reader.next()) {
                    bytes.clear();
                    bytesReader.readInto(bytes);
                }
            }
            // end
            assertThat(sequence).isEqualTo(1);
            assertThat(bytes.readLong()).isEqualTo(orderId);
            assertThat(bytes.readDouble()).isEqualTo(price);
        }
    }

    @Test
    void queueIsImported() {
        Path oldDirectory = directory.resolve("old");
        Path newDirectory = directory.resolve("new");
        try (ChronicleQueue queue = ChronicleQueue.singleBuilder(oldDirectory).build();
                ExcerptAppender appender = queue.createAppender()) {
            appender.writeText("one");
            appender.writeText("two");
        }
        // begin
        try (ChronicleQueue queue =
                ChronicleQueue.singleBuilder(oldDirectory).readOnly(true).build()) {
            ChronicleQueueImportReport report = ChronicleQueueImport.run(
                    queue,
                    WalConfig.builder(newDirectory).build(),
                    (index, document) -> 7, // the record type of each document
                    ChronicleQueueImport.Progress.NONE);
            System.out.println(report.documents() + " documents imported");
        }
        // end
        assertThat(WrittenQueue.records(WalConfig.builder(newDirectory).build()))
                .hasSize(2);
    }
}
