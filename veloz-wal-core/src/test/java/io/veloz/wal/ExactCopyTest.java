package io.veloz.wal;

import static io.veloz.wal.TestLog.append;
import static io.veloz.wal.TestLog.appendGroup;
import static io.veloz.wal.TestLog.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.Logs;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.spi.SegmentReader;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExactCopyTest {
    private static final int SEGMENT_HEADER_BYTES = 4096;

    private static final int MANY = 600;

    @TempDir
    Path dir;

    private Path source() {
        return dir.resolve("source");
    }

    private Path copy() {
        return dir.resolve("copy");
    }

    @Test
    void copyOfSealedSegmentsAndOfTheActiveOneOpensAsTheSameLog() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, MANY);
            appendGroup(wal, 3);
            copy(wal);
        }
        assertCopyIsTheLog();
    }

    @Test
    void copyThatEndsWithASealedSegmentContinuesInTheNext() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, 100);
            wal.roll();
            copy(wal);
        }
        assertThat(Files.size(copy().resolve("orders_current.wal"))).isEqualTo(4096);
        assertCopyIsTheLog();
    }

    @Test
    void copyOfALogWithoutRecordsKeepsItsId() throws IOException {
        String id;
        try (Wal wal = open(source())) {
            id = wal.files().logId().orElseThrow();
            copy(wal);
        }
        try (Wal wal = open(copy())) {
            assertThat(wal.recovery().logId()).isEqualTo(id);
            assertThat(wal.appendDurable(1, bytes("first"))).isEqualTo(1);
        }
    }

    @Test
    void copyOfATrimmedLogBeginsWhereTheLogDoes() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, MANY);
            wal.writeCheckpoint(400, out -> out.write(1));
            wal.writeCheckpoint(450, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
            copy(wal);
        }
        assertCopyIsTheLog();
    }

    @Test
    void readerContinuesWhereACopyEnds() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, 10);
            long segment;
            long end;
            try (SegmentReader reader = wal.segmentReader(0, 0, 0)) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.position()).isZero();
                while (reader.next()) {
                    assertThat(reader.firstSequence()).isGreaterThan(1);
                }
                assertThat(reader.lastSequence()).isEqualTo(10);
                segment = reader.segment();
                end = reader.endPosition();
            }
            append(wal, 1);
            try (SegmentReader reader = wal.segmentReader(segment, end, 10)) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.firstSequence()).isEqualTo(11);
                assertThat(reader.position()).isEqualTo(end);
                assertThat(reader.next()).isFalse();
            }
        }
    }

    @Test
    void copyOfBytesContinuesOverTheEndOfASegment() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, 10);
        }
        try (Wal wal = open(source())) {
            append(wal, 1);
            copyBytes(wal);
        }
        assertCopyIsTheLog();
    }

    @Test
    void copyThatEndsAfterTheLogIsRefused() {
        try (Wal wal = open(source())) {
            append(wal, 10);
            try (SegmentReader reader = wal.segmentReader(1, 8000, 5)) {
                assertThatThrownBy(reader::next)
                        .isInstanceOf(WalCorruptException.class)
                        .hasMessageContaining("expected it after segment 1, position 8000");
            }
        }
    }

    @Test
    void segmentThatIsNotSealedHasNoFooter() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, 10);
            assertThat(wal.files().sealed()).isEmpty();
            assertThat(wal.files().sealed(1)).isEmpty();
        }
    }

    @Test
    void everyByteOfTheRecordsOfASealedSegmentIsChecked() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, 10);
            wal.roll();
            SealedSegment segment = wal.files().sealed(1).orElseThrow();
            wal.files().check(segment);
            Path file = source().resolve(segment.file());
            byte[] sound = Files.readAllBytes(file);
            for (int position = SEGMENT_HEADER_BYTES; position < segment.dataBytes(); position++) {
                byte[] damaged = sound.clone();
                damaged[position] ^= 4;
                Files.write(file, damaged);
                assertThatThrownBy(() -> wal.files().check(segment))
                        .as("byte " + position)
                        .isInstanceOf(WalCorruptException.class)
                        .hasMessageContaining(segment.file());
            }
        }
    }

    @Test
    void footerOfAWrittenSegmentStatesNoDigestOfTheData() throws IOException {
        try (Wal wal = open(source())) {
            append(wal, 10);
            wal.roll();
            assertThat(wal.files().sealed(1).orElseThrow().dataSha256()).isEmpty();
        }
    }

    private static Wal open(Path directory) {
        return Wal.open(TestLog.config(DiskStorage.createOrOpen(directory)).build());
    }

    private void copy(Wal wal) throws IOException {
        Files.createDirectories(copy());
        // The rest of the copy is in one file then.
        Logs.awaitSealed(wal);
        LogFiles files = wal.files();
        RecoveryReport begin = WalRecovery.inspect(ReadOptions.of(source()));
        List<Long> sealed = files.sealed();
        long copied = 0;
        for (long number : sealed) {
            SealedSegment segment = files.sealed(number).orElseThrow();
            try (InputStream in = files.open(segment.file())) {
                assertThat(Files.copy(in, copy().resolve(segment.file()))).isEqualTo(segment.fileBytes());
            }
            copied = segment.lastSequence();
        }
        Path current = copy().resolve(files.currentName());
        long after = sealed.isEmpty() ? 0 : sealed.get(sealed.size() - 1);
        try (SegmentReader reader = wal.segmentReader(after, Long.MAX_VALUE, copied)) {
            while (reader.next()) {
                ByteBuffer bytes = ByteBuffer.allocate((int) reader.bytes());
                reader.read(bytes, reader.position());
                byte[] old = Files.exists(current) ? Files.readAllBytes(current) : new byte[0];
                assertThat(old.length).isEqualTo((int) reader.position());
                ByteBuffer all = ByteBuffer.allocate(old.length + bytes.capacity());
                Files.write(current, all.put(old).put(bytes.flip()).array());
            }
        }
        LogFiles.of(copy())
                .complete(files.logId().orElseThrow(), begin.segments().get(0).number(), begin.expectedFirstSequence());
    }

    /** Copies the bytes of two segments: the first as the current file of the copy, the second as the prepared one. */
    private void copyBytes(Wal wal) throws IOException {
        Files.createDirectories(copy());
        long end = 0;
        try (SegmentReader reader = wal.segmentReader(0, 0, 0)) {
            while (reader.next()) {
                ByteBuffer bytes = ByteBuffer.allocate((int) reader.bytes());
                reader.read(bytes, reader.position());
                Path file = copy().resolve(reader.segment() == 1 ? TestLog.CURRENT : TestLog.PREPARED);
                Files.write(file, bytes.array(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                assertThat(reader.lastSequence()).isGreaterThanOrEqualTo(end);
                end = reader.lastSequence();
            }
        }
        assertThat(end).isEqualTo(11);
    }

    private void assertCopyIsTheLog() {
        List<TestLog.LoggedRecord> original = TestLog.read(ReadOptions.of(source()));
        assertThat(original).isNotEmpty();
        String id = WalRecovery.inspect(ReadOptions.of(source())).logId();
        try (Wal wal = open(copy())) {
            assertThat(wal.recovery().isSound()).isTrue();
            assertThat(wal.recovery().logId()).isEqualTo(id);
            assertThat(wal.recovery().lost()).isEmpty();
            long last = original.get(original.size() - 1).sequence();
            assertThat(wal.appendDurable(1, bytes("next"))).isEqualTo(last + 1);
        }
        List<TestLog.LoggedRecord> copied = TestLog.read(ReadOptions.of(copy()));
        assertThat(copied.subList(0, original.size())).isEqualTo(original);
    }
}
