package io.veloz.wal.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.segment.SegmentSealer;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the bytes in docs/format.md with those that the library writes. */
class FormatDocumentTest {
    private static final Path DOCUMENT =
            Path.of("").toAbsolutePath().getParent().resolve("docs").resolve("format.md");

    /** Lines like {@code 1070  68 65 6c 6c  hello}: a position in hex, and up to 16 bytes. */
    private static final Pattern LINE = Pattern.compile("^([0-9a-f]{4})  ((?:[0-9a-f]{2} ?){1,16})(?: .*)?$");

    @TempDir
    Path directory;

    @Test
    void theExampleIsWhatTheLibraryWrites() throws IOException {
        byte[] written = example();
        Map<Integer, byte[]> shown = shown();
        int bytes = 0;
        for (Map.Entry<Integer, byte[]> line : shown.entrySet()) {
            int at = line.getKey();
            assertThat(written).hasSizeGreaterThanOrEqualTo(at + line.getValue().length);
            assertThat(HexFormat.of().formatHex(written, at, at + line.getValue().length))
                    .as("docs/format.md at %04x", at)
                    .isEqualTo(HexFormat.of().formatHex(line.getValue()));
            bytes += line.getValue().length;
        }
        // Everything after the header page is shown, without a gap.
        assertThat(bytes).isGreaterThanOrEqualTo(written.length - 4096 + 80);
        assertThat(shown.keySet()).contains(0, 0xffc, 0x1000);
    }

    private static Map<Integer, byte[]> shown() throws IOException {
        Map<Integer, byte[]> shown = new TreeMap<>();
        for (String line : Files.readAllLines(DOCUMENT)) {
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                String hex = matcher.group(2).replace(" ", "");
                shown.put(Integer.parseInt(matcher.group(1), 16), HexFormat.of().parseHex(hex));
            }
        }
        return shown;
    }

    /** Writes the example: one record, one heartbeat, and the footer. */
    private byte[] example() throws IOException {
        long nanos = 1_700_000_000_000_000_000L;
        LogId logId = new LogId(0x0011223344556677L, 0x8899aabbccddeeffL);
        SegmentHeader header = new SegmentHeader(logId, 1, 0x0123456789abcdefL, 16_384, 4_096, nanos);
        StorageFile file = DiskStorage.open(directory).create("example");
        file.writeFully(header.encode(), 0);
        try (SegmentFile segment = new SegmentFile(file, header, Predecessor.NONE)) {
            ByteBuffer batch = ByteBuffer.allocate(4_096).order(ByteOrder.LITTLE_ENDIAN);
            RecordLayout.putHeader(batch, SegmentFile.RECORDS_AT, 5, 7, 0, nanos);
            batch.put(SegmentFile.RECORDS_AT + 24, "hello".getBytes(StandardCharsets.US_ASCII));
            segment.write(batch, SegmentFile.RECORDS_AT + 32, 1, 1, 0, nanos, 0);
            segment.write(batch.clear(), SegmentFile.RECORDS_AT, 0, 2, 1, nanos, 0);
            SegmentSealer.seal(segment, Sha256.ZERO);
        }
        return Files.readAllBytes(directory.resolve("example"));
    }
}
