package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * Logs that were written in earlier formats, and that every later version must read. The files are never regenerated. A
 * change that needs different files is a change of the format, and gets a new directory.
 */
class GoldenLogTest {
    private static final List<String> FILES =
            List.of(TestLog.sealed(1), TestLog.sealed(2), TestLog.CURRENT, TestLog.PREPARED);

    private static final List<String> FILES_WITH_END_MARKS = List.of(
            TestLog.NAMES.trimMark(),
            TestLog.NAMES.checkpoint(0),
            TestLog.NAMES.checkpoint(1),
            TestLog.sealed(2),
            TestLog.CURRENT,
            TestLog.PREPARED);

    private static byte[] resource(String name) {
        return resource("v1", name);
    }

    private static byte[] resource(String format, String name) {
        try (InputStream in = GoldenLogTest.class.getResourceAsStream("/golden/" + format + "/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static MemoryStorage log() {
        MemoryStorage storage = new MemoryStorage();
        FILES.forEach(name -> storage.put(name, resource(name)));
        return storage;
    }

    private static List<String> expected() {
        return expected("v1");
    }

    private static List<String> expected(String format) {
        return new String(resource(format, "expected.txt"), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private static MemoryStorage logWithEndMarks() {
        MemoryStorage storage = new MemoryStorage();
        FILES_WITH_END_MARKS.forEach(name -> storage.put(name, resource("end-marks", name)));
        return storage;
    }

    @Test
    void goldenLogWithEndMarksIsReadAsItWasWrittenAndContinues() {
        MemoryStorage storage = logWithEndMarks();
        assertThat(listing(storage.copy().readOnly())).isEqualTo(expected("end-marks"));
        RecoveryReport report = WalRecovery.verify(ReadOptions.of(storage.copy().readOnly()), WalProgress.NONE);
        assertThat(report.segments())
                .extracting(SegmentReport::verdict)
                .containsExactly(Verdict.SEALED, Verdict.ACTIVE, Verdict.PREPARED);
        assertThat(report.expectedFirstSequence()).isEqualTo(5);
        assertThat(WalCheckpoint.newest(ReadOptions.of(storage)).orElseThrow().sequence())
                .isEqualTo(6);
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.appendDurable(1, TestLog.bytes("next"))).isEqualTo(19);
        }
        assertThat(listing(storage))
                .startsWith(expected("end-marks").toArray(String[]::new))
                .hasSize(15);
    }

    @Test
    void goldenLogWithEndMarksProvesItsEnd() {
        MemoryStorage zeroed = logWithEndMarks();
        int end = (int)
                WalRecovery.inspect(ReadOptions.of(zeroed)).segments().get(1).dataBytes();
        zeroed.zero(TestLog.CURRENT, end - 200);
        assertThat(WalRecovery.verify(ReadOptions.of(zeroed), WalProgress.NONE)
                        .segments()
                        .get(1)
                        .verdict())
                .isEqualTo(Verdict.CORRUPT);
    }

    /**
     * Returns one line per record: sequence, type, time, whether its group continues, length and CRC32C of the payload.
     */
    private static List<String> listing(MemoryStorage storage) {
        List<String> lines = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            for (TestLog.LoggedRecord logged : TestLog.rest(reader)) {
                int length = logged.payload().length();
                lines.add(String.format(
                        Locale.ROOT,
                        "%d %d %d %s %d %08x",
                        logged.sequence(),
                        logged.type(),
                        logged.timestampNanos(),
                        logged.groupContinues() ? "+" : ".",
                        length,
                        new Checksum().of(TestLog.bytes(logged.payload()), 0, length)));
            }
            reader.lost().forEach(range -> lines.add("lost " + range.firstSequence() + " to " + range.lastSequence()));
        }
        return lines;
    }

    @Test
    void goldenLogIsReadAsItWasWritten() {
        assertThat(listing(log().readOnly())).isEqualTo(expected());
    }

    @Test
    void goldenLogIsSound() {
        RecoveryReport report = WalRecovery.verify(ReadOptions.of(log().readOnly()), WalProgress.NONE);
        assertThat(report.segments())
                .extracting(SegmentReport::verdict)
                .containsExactly(Verdict.SEALED, Verdict.SEALED, Verdict.ACTIVE, Verdict.PREPARED);
        assertThat(report.logId()).isEqualTo("00112233445566778899aabbccddeeff");
        assertThat(report.lost()).hasSize(1);
    }

    /** The header has feature 2. */
    private static MemoryStorage logWithoutDigests() {
        MemoryStorage storage = new MemoryStorage();
        for (String name : List.of(TestLog.sealed(1), TestLog.sealed(2), TestLog.CURRENT)) {
            storage.put(name, resource("no-digest", name));
        }
        return storage;
    }

    @Test
    void goldenLogWithoutDigestsIsReadAsItWasWrittenAndContinues() {
        MemoryStorage storage = logWithoutDigests();
        assertThat(listing(storage.copy().readOnly())).isEqualTo(expected("no-digest"));
        RecoveryReport report = WalRecovery.verify(ReadOptions.of(storage.copy().readOnly()), WalProgress.NONE);
        assertThat(report.segments())
                .extracting(SegmentReport::verdict)
                .containsExactly(Verdict.SEALED, Verdict.SEALED, Verdict.ACTIVE);
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.appendDurable(1, TestLog.bytes("next"))).isEqualTo(13);
        }
        assertThat(listing(storage))
                .startsWith(expected("no-digest").toArray(String[]::new))
                .hasSize(13);
    }

    /** A footer that is rebuilt has the same bytes, without a digest. */
    @Test
    void damagedFooterWithoutADigestIsRebuiltByteForByte() {
        byte[] footer = resource("no-digest", TestLog.sealed(1));
        MemoryStorage storage = logWithoutDigests().flip(TestLog.sealed(1), footer.length - 20, 1);
        TestLog.open(storage).close();
        assertThat(storage.bytes(TestLog.sealed(1))).isEqualTo(footer);
    }

    /** Written by versions whose seal computed the SHA-256 of the data. */
    @Test
    void digestThatAnOldFooterStatesIsStillCompared() throws IOException {
        MemoryStorage storage = log().flip(TestLog.sealed(2), footer(log()) + 96, 1);
        byte[] file = storage.bytes(TestLog.sealed(2));
        int from = footer(log());
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(file.length - 12, new Checksum().of(bytes, from, file.length - 12 - from));
        storage.put(TestLog.sealed(2), file);
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE)
                        .segments()
                        .get(1)
                        .detail())
                .contains("SHA-256 mismatch of the data");
        LogFiles files = LogFiles.of(storage, "orders");
        SealedSegment segment = files.sealed(2).orElseThrow();
        assertThatThrownBy(() -> files.check(segment)).hasMessageContaining("SHA-256 mismatch of the data");
        LogFiles sound = LogFiles.of(log(), "orders");
        sound.check(sound.sealed(2).orElseThrow());
    }

    private static int footer(MemoryStorage storage) throws IOException {
        return (int) LogFiles.of(storage, "orders").sealed(2).orElseThrow().dataBytes();
    }

    @Test
    void goldenLogOpensAndContinues() {
        MemoryStorage storage = log();
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.lastSequence()).isEqualTo(14);
            assertThat(wal.appendDurable(1, TestLog.bytes("next"))).isEqualTo(15);
        }
        List<String> lines = listing(storage);
        assertThat(lines).containsAll(expected()).hasSize(expected().size() + 1);
        assertThat(storage.bytes(TestLog.sealed(1))).isEqualTo(resource(TestLog.sealed(1)));
        assertThat(storage.bytes(TestLog.sealed(2))).isEqualTo(resource(TestLog.sealed(2)));
    }
}
