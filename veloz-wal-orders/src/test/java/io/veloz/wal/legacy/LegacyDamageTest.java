package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderUpdate;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LegacyDamageTest {
    private static final String FIRST = "orders_0000000000000000.wal";
    private static final long T = LegacyWriter.START_NANOS;

    @TempDir
    Path directory;

    private LegacyReplay replay() {
        return LegacyLog.open(directory).replay(LegacyMode.DEFAULT);
    }

    private static List<Tuple> kinds(LegacyReplay replay) {
        return replay.findings().stream()
                .map(finding -> tuple(finding.kind(), finding.severity()))
                .toList();
    }

    private static LegacyWriter threeOrders() {
        return new LegacyWriter()
                .placed("A", 1, 100)
                .fill("A", 1, 100, T + 1)
                .placed("B", 1, 100)
                .fill("B", 1, 100, T + 2)
                .placed("C", 1, 100)
                .fill("C", 1, 100, T + 3);
    }

    private void write(LegacyWriter log, int entry, int at, int value) {
        byte[] bytes = log.bytes();
        bytes[log.position(entry) + at] = (byte) value;
        LegacyWriter.write(directory, FIRST, bytes);
    }

    private void assertAllFilled(LegacyReplay replay) {
        assertThat(replay.orders())
                .extracting(OrderState::clientOrderId, OrderState::status, OrderState::executedQuantity)
                .containsExactly(tuple("A", "FILLED", 1.0), tuple("B", "FILLED", 1.0), tuple("C", "FILLED", 1.0));
    }

    @Test
    void damagedSequenceIsRepairedFromAdjacentEntries() {
        write(threeOrders(), 2, 8 + 6, 0x40);
        LegacyReplay replay = replay();
        assertAllFilled(replay);
        assertThat(kinds(replay)).containsExactly(tuple(Kind.HEADER_REPAIRED, Severity.NOTE));
    }

    @Test
    void damagedTimeIsRepairedFromAdjacentEntries() {
        write(threeOrders(), 2, 16 + 7, 0x7F);
        List<Long> times = new ArrayList<>();
        LegacyReplay replay = LegacyLog.open(directory).forEach((sequence, nanos, event) -> times.add(nanos));
        assertThat(kinds(replay)).containsExactly(tuple(Kind.HEADER_REPAIRED, Severity.NOTE));
        assertThat(times).isSorted();
    }

    @Test
    void damagedPayloadSizeIsRepairedIfTheChecksumProvesIt() {
        write(threeOrders(), 2, 28, 0xFF);
        LegacyReplay replay = replay();
        assertAllFilled(replay);
        assertThat(kinds(replay)).containsExactly(tuple(Kind.HEADER_REPAIRED, Severity.NOTE));
    }

    @Test
    void hugePayloadSizeIsRepairedIfTheChecksumProvesIt() {
        LegacyWriter log = threeOrders();
        byte[] bytes = log.bytes();
        ByteBuffer.wrap(bytes).putInt(log.position(2) + 28, -1);
        LegacyWriter.write(directory, FIRST, bytes);
        assertAllFilled(replay());
    }

    @Test
    void damagedVersionIsRepairedIfAllOtherFieldsAreValid() {
        write(threeOrders(), 0, 4, 9);
        LegacyReplay replay = replay();
        assertAllFilled(replay);
        assertThat(kinds(replay)).containsExactly(tuple(Kind.HEADER_REPAIRED, Severity.NOTE));
    }

    @Test
    void damagedMagicWithAChecksumMismatchIsSkipped() {
        LegacyWriter log = threeOrders();
        byte[] bytes = log.bytes();
        bytes[log.position(2)] ^= 1;
        bytes[log.position(2) + 45] ^= 1;
        LegacyWriter.write(directory, FIRST, bytes);
        LegacyReplay replay = replay();
        assertThat(kinds(replay)).contains(tuple(Kind.DAMAGE, Severity.DOUBTFUL));
        assertThat(replay.findings().get(0).firstSequence()).isEqualTo(3);
        assertThat(replay.findings().get(0).lastSequence()).isEqualTo(3);
        assertThat(replay.orders()).hasSize(3);
    }

    @Test
    void unknownPayloadIsNeverGuessed() {
        new LegacyWriter()
                .placed("A", 1, 100)
                .entry(1, new byte[] {1, 2, 3})
                .fill("A", 1, 100, T)
                .writeTo(directory, FIRST);
        LegacyReplay replay = replay();
        assertThat(kinds(replay)).containsExactly(tuple(Kind.UNREADABLE_ENTRY, Severity.LOST));
        assertThat(replay.orders()).extracting(OrderState::status).containsExactly("FILLED");
    }

    @Test
    void fieldsAfterTheKnownOnesAreIgnored() {
        LegacyWriter.Payload longer = LegacyWriter.payload()
                .text("A")
                .text("user")
                .i64(T)
                .text("trade")
                .i64(7);
        new LegacyWriter().placed("A", 1, 100).entry(4, longer).writeTo(directory, FIRST);
        LegacyReplay replay = replay();
        assertThat(replay.findings()).isEmpty();
        assertThat(replay.orders()).extracting(OrderState::status).containsExactly("CANCELED");
    }

    @Test
    void gapIsReportedWithItsSequences() {
        threeOrders().after(9).placed("D", 1, 100).writeTo(directory, FIRST);
        LegacyReplay replay = replay();
        assertThat(kinds(replay)).containsExactly(tuple(Kind.SEQUENCE_GAP, Severity.DOUBTFUL));
        assertThat(replay.findings().get(0).firstSequence()).isEqualTo(7);
        assertThat(replay.findings().get(0).lastSequence()).isEqualTo(9);
        assertThat(replay.orders()).hasSize(4);
    }

    @Test
    void missingHeadIsReported() {
        new LegacyWriter().after(10).placed("D", 1, 100).writeTo(directory, "orders_000000000000000a.wal");
        LegacyReplay replay = replay();
        assertThat(kinds(replay)).containsExactly(tuple(Kind.MISSING_HEAD, Severity.DOUBTFUL));
        assertThat(replay.findings().get(0).firstSequence()).isEqualTo(1);
        assertThat(replay.findings().get(0).lastSequence()).isEqualTo(10);
    }

    @Test
    void copiedFileIsAppliedOnceAndReported() {
        LegacyWriter log = threeOrders();
        log.writeTo(directory, FIRST).writeTo(directory, "orders_current.wal");
        LegacyReplay replay = replay();
        assertAllFilled(replay);
        assertThat(kinds(replay)).containsExactly(tuple(Kind.DUPLICATE, Severity.NOTE));
        assertThat(replay.findings().get(0).firstSequence()).isEqualTo(1);
        assertThat(replay.findings().get(0).lastSequence()).isEqualTo(6);
        assertThat(replay.stats().entriesReplayed()).isEqualTo(6);
    }

    @Test
    void shorterCopyOfALongerFileLosesNothing() {
        byte[] all = threeOrders().bytes();
        LegacyWriter.write(directory, "orders_0000000000000001.wal", java.util.Arrays.copyOf(all, all.length - 100));
        LegacyWriter.write(directory, "orders_current.wal", all);
        LegacyReplay replay = replay();
        assertAllFilled(replay);
        assertThat(replay.findingCounts()).containsEntry(Kind.DUPLICATE, 1L);
    }

    @Test
    void secondRunInAFileThatSortsFirstByNameIsAppliedInOrderOfTime() {
        threeOrders().writeTo(directory, "orders_current.wal");
        LegacyWriter second = new LegacyWriter();
        byte[] bytes = second.cancel("A", "late", T + 9).bytes();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(16, T + 1_000_000_000L);
        LegacyWriter.write(directory, FIRST, bytes);
        LegacyReplay replay = replay();
        assertThat(kinds(replay)).contains(tuple(Kind.SEQUENCE_RESTART, Severity.NOTE));
        assertThat(replay.orders()).extracting(OrderState::clientOrderId).containsExactly("A", "B", "C");
    }

    @Test
    void tornEntryInTheMiddleWhoseSequenceWasReusedIsNotALoss() {
        LegacyWriter torn = new LegacyWriter().placed("A", 1, 100);
        byte[] half = java.util.Arrays.copyOf(
                new LegacyWriter().after(1).placed("X", 1, 100).bytes(), 50);
        torn.garbage(half).after(1).placed("B", 1, 100).writeTo(directory, FIRST);
        LegacyReplay replay = replay();
        assertThat(kinds(replay)).containsExactly(tuple(Kind.DAMAGE, Severity.UNACKNOWLEDGED));
        assertThat(replay.orders()).extracting(OrderState::clientOrderId).containsExactly("A", "B");
    }

    @Test
    void damagedLastEntryOfFullLengthIsNotATornTail() {
        LegacyWriter log = threeOrders();
        byte[] bytes = log.bytes();
        bytes[log.position(5) + 50] ^= 1;
        LegacyWriter.write(directory, FIRST, bytes);
        assertThat(kinds(replay())).containsExactly(tuple(Kind.DAMAGE, Severity.DOUBTFUL));
    }

    @Test
    void lastEntryWithUnwrittenBlocksIsATornTail() {
        LegacyWriter log = threeOrders();
        byte[] bytes = log.bytes();
        java.util.Arrays.fill(bytes, log.position(5) + 44, bytes.length, (byte) 0);
        LegacyWriter.write(directory, FIRST, bytes);
        assertThat(kinds(replay())).containsExactly(tuple(Kind.TORN_TAIL, Severity.UNACKNOWLEDGED));
    }

    @Test
    void tornTailBeforeAnEmptyFileIsATornTail() {
        byte[] bytes = threeOrders().bytes();
        LegacyWriter.write(directory, FIRST, java.util.Arrays.copyOf(bytes, bytes.length - 10));
        LegacyWriter.write(directory, "orders_0000000000000005.wal", new byte[0]);
        assertThat(kinds(replay())).containsExactly(tuple(Kind.TORN_TAIL, Severity.UNACKNOWLEDGED));
    }

    @Test
    void truncatedFileBeforeOthersIsReportedWithItsMissingSequences() {
        byte[] bytes = threeOrders().bytes();
        LegacyWriter.write(directory, FIRST, java.util.Arrays.copyOf(bytes, bytes.length - 10));
        new LegacyWriter().after(6).placed("D", 1, 100).writeTo(directory, "orders_0000000000000006.wal");
        LegacyReplay replay = replay();
        assertThat(kinds(replay)).containsExactly(tuple(Kind.DAMAGE, Severity.DOUBTFUL));
        assertThat(replay.findings().get(0).firstSequence()).isEqualTo(6);
        assertThat(replay.findings().get(0).lastSequence()).isEqualTo(6);
    }

    @Test
    void bytesThatAreNotUtf8AreRestoredExactly() {
        String id = "id-\uDCFF\uDC80";
        new LegacyWriter().placed(id, 1, 100).update(id, "v", "ACCEPTED", T).writeTo(directory, FIRST);
        List<Object> events = new ArrayList<>();
        LegacyReplay replay = LegacyLog.open(directory).forEach((sequence, nanos, event) -> events.add(event));
        assertThat(replay.orders()).extracting(OrderState::clientOrderId).containsExactly(id);
        assertThat(events.get(1)).isEqualTo(new OrderUpdate(id, "v", "ACCEPTED", "", T));
    }
}
