package io.veloz.wal.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the test vectors of docs/format.md with the bytes that the library writes. */
class FormatVectorsTest {
    private static final Path DOCUMENT =
            Path.of("").toAbsolutePath().getParent().resolve("docs").resolve("format.md");
    private static final long NANOS = 1_700_000_000_000_000_000L;
    private static final LogId LOG = new LogId(0x0011223344556677L, 0x8899aabbccddeeffL);
    private static final long SALT = 0x0123456789abcdefL;
    private static final SegmentNames NAMES = new SegmentNames("orders");

    @TempDir
    Path directory;

    /** Returns the blocks that begin with "vector NAME". A line is hex, or "zeros N". */
    private static Map<String, byte[]> vectors() throws IOException {
        Map<String, byte[]> vectors = new LinkedHashMap<>();
        String name = "";
        StringBuilder hex = new StringBuilder();
        for (String line : Files.readAllLines(DOCUMENT)) {
            if (line.startsWith("vector ")) {
                name = line.substring("vector ".length());
                hex.setLength(0);
            } else if (!name.isEmpty() && line.startsWith("```")) {
                vectors.put(name, HexFormat.of().parseHex(hex));
                name = "";
            } else if (!name.isEmpty() && line.startsWith("zeros ")) {
                hex.append("00".repeat(Integer.parseInt(line.substring("zeros ".length()))));
            } else if (!name.isEmpty()) {
                hex.append(line.replace(" ", ""));
            }
        }
        return vectors;
    }

    private void assertVector(String name, byte[] written) throws IOException {
        assertThat(vectors()).containsKey(name);
        assertThat(HexFormat.of().formatHex(written))
                .as("docs/format.md, vector %s", name)
                .isEqualTo(HexFormat.of().formatHex(vectors().get(name)));
    }

    /** Returns segment 2, which begins with a group of two records, and continues after a declared loss. */
    private byte[] batches() throws IOException {
        SegmentHeader header = new SegmentHeader(LOG, 2, SALT, 16_384, 4_096, NANOS);
        Predecessor predecessor = new Predecessor(1, 0xfedcba9876543210L, 0x10b0, 0xc8a4b278);
        var file = DiskStorage.open(directory).create("segment");
        try (SegmentFile segment = new SegmentFile(file, header, predecessor)) {
            ByteBuffer batch = ByteBuffer.allocate(4_096).order(ByteOrder.LITTLE_ENDIAN);
            int second = record(batch, SegmentFile.RECORDS_AT, "first", RecordLayout.GROUP_CONTINUES);
            segment.write(batch, record(batch, second, "second", 0), 2, 2, 1, NANOS, 0);
            batch.clear();
            int end = record(batch, SegmentFile.RECORDS_AT, "after", 0);
            segment.write(batch, end, 1, 10, 3, NANOS, BatchHeader.DECLARES_LOSS);
        }
        return Files.readAllBytes(directory.resolve("segment"));
    }

    private static int record(ByteBuffer batch, int at, String payload, int flags) {
        byte[] bytes = payload.getBytes(StandardCharsets.US_ASCII);
        batch.put(at + RecordLayout.HEADER_BYTES, new byte[RecordLayout.padded(bytes.length)]);
        RecordLayout.putHeader(batch, at, bytes.length, 7, flags, NANOS);
        batch.put(at + RecordLayout.HEADER_BYTES, bytes);
        return at + RecordLayout.size(bytes.length);
    }

    @Test
    void recordGroupAfterAPredecessor() throws IOException {
        byte[] segment = batches();
        int length = ByteBuffer.wrap(segment).order(ByteOrder.LITTLE_ENDIAN).getInt(4_096 + 4);
        assertVector("group", Arrays.copyOfRange(segment, 4_096, 4_096 + length));
    }

    @Test
    void declaredLoss() throws IOException {
        byte[] segment = batches();
        int length = ByteBuffer.wrap(segment).order(ByteOrder.LITTLE_ENDIAN).getInt(4_096 + 4);
        assertVector("declared-loss", Arrays.copyOfRange(segment, 4_096 + length, segment.length));
    }

    @Test
    void endMark() throws IOException {
        ByteBuffer mark = ByteBuffer.allocate(EndMark.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        new EndMark(3, 0x1120, NANOS).encode(mark, SALT, new Checksum());
        assertVector("end-mark", mark.array());
    }

    @Test
    void trimMark() throws IOException {
        TrimMark.writer(DiskStorage.open(directory), NAMES, LOG).write(3, 42);
        assertVector("trim-mark", Files.readAllBytes(directory.resolve(NAMES.trimMark())));
    }

    @Test
    void checkpoint() throws IOException {
        new CheckpointSlots(DiskStorage.open(directory), NAMES, LOG)
                .write(42, NANOS, out -> out.write("state".getBytes(StandardCharsets.US_ASCII)));
        assertVector("checkpoint", Files.readAllBytes(directory.resolve(NAMES.checkpoint(0))));
    }

    @Test
    void everyVectorIsTested() throws IOException {
        // The vector of a snapshot is tested in the module of the orders.
        assertThat(vectors().keySet())
                .containsExactlyElementsOf(
                        List.of("group", "declared-loss", "end-mark", "trim-mark", "checkpoint", "snapshot"));
    }
}
