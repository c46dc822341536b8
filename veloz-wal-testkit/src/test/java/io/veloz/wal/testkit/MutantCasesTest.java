package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Like {@link MutantsTest}, with a dedicated test case per bug, because power cuts alone do not reveal it. */
@Tag("enumeration")
class MutantCasesTest {
    private static final String COMMIT = "io.veloz.wal.internal.commit.";
    private static final String RECOVERY = "io.veloz.wal.internal.recovery.";
    private static final String FORMAT = "io.veloz.wal.internal.format.";
    private static final String SEGMENT = "io.veloz.wal.internal.segment.";
    private static final String CURRENT = "orders_current.wal";

    private static final String APPEND_AFTER_THE_TAIL = """
            int end = written.size() - 1;
            if (end >= 0 && written.get(end).footer() == null) {
                FoundSegment last = written.get(end);
                if (storage.list().contains(names.prepared())) {
                    storage.delete(names.prepared());
                }
                StorageFile same = storage.open(last.name());
                same.force();
                boolean unknown = end == 0 || written.get(end - 1).restartsChain();
                Sha256 footer = unknown ? Sha256.ZERO : written.get(end - 1).footerSha256();
                written.set(end, FoundSegment.unchecked(last.file(), last.finding()));
                return recovered(
                        analysis.recovered(analysis.logId, written, quarantined),
                        same,
                        last.header(),
                        footer,
                        tornBytes,
                        started);
            }
            LogId logId = analysis.logId == null""";

    private static final String CONTINUE_AFTER_EXISTING_BATCHES = """
            this.predecessor = predecessor;
            BatchScanner there = new BatchScanner(file, segment);
            try {
                while (there.next() == BatchScanner.Found.BATCH) {
                    content.addBatch(there.header(), there.position(), there.buffer(), there.recordsAt());
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            position = there.position();
            lastBatchCrc = there.lastBatchCrc();
            """;

    private static void assertCaught(Mutant mutant, Class<? extends Runnable> by) {
        assertThatCode(() -> Mutant.of(COMMIT + "CommitThread").run(by)).doesNotThrowAnyException();
        assertThatThrownBy(() -> mutant.run(by)).isInstanceOf(AssertionError.class);
    }

    /** Flips every bit of the first records of a small log. */
    static final class BitRot implements Runnable {
        @Override
        public void run() {
            new BitRotTest().flippedBitInTheFirstRecordsIsReportedOrHarmless();
        }
    }

    /** Fails each listing of the directory during an open, and then opens without faults. */
    static final class UnreadableDirectory implements Runnable {
        @Override
        public void run() {
            for (int nth = 1; nth <= 10; nth++) {
                FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
                try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                    wal.appendDurable(1, ByteBuffer.allocate(8));
                }
                AtomicInteger left = new AtomicInteger(nth);
                storage.plan(operation ->
                        operation.kind() == Operation.Kind.LIST && left.decrementAndGet() == 0 ? Fault.IO_ERROR : null);
                try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                    assertThat(wal.lastSequence()).isEqualTo(1);
                } catch (WalException e) {
                    // The open may be refused.
                }
                storage.plan(FaultPlan.NONE);
                try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                    assertThat(wal.lastSequence()).isEqualTo(1);
                } catch (WalException e) {
                    throw new AssertionError("nothing is damaged: " + e.getMessage(), e);
                }
            }
        }
    }

    /** Opens a log that is already open. */
    static final class TwoInstances implements Runnable {
        @Override
        public void run() {
            FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
            try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                assertThatThrownBy(() -> Wal.open(wal.config())).isInstanceOf(WalLockedException.class);
            }
        }
    }

    /** Writes a checkpoint of records that are not durable. */
    static final class EarlyCheckpoint implements Runnable {
        @Override
        public void run() {
            FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
            try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                long last = wal.append(1, ByteBuffer.allocate(1), Durability.LOSE_UNFORCED);
                assertThatThrownBy(() -> wal.writeCheckpoint(last, out -> out.write(1)))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    /** Tears a tail by a power cut during a write. */
    static final class TornTail implements Runnable {
        @Override
        public void run() {
            int torn = 0;
            for (long cut = 1; cut <= 40; cut++) {
                FaultyStorage storage = new FaultyStorage(cut, DiskRules.WORST);
                Wal wal = Wal.open(LogWorkload.config(storage).build());
                wal.appendDurable(1, ByteBuffer.allocate(10));
                storage.plan(FaultPlan.always(Operation.Kind.FORCE, Fault.IO_ERROR));
                assertThatThrownBy(() -> wal.appendDurable(1, ByteBuffer.wrap(new byte[3_000])))
                        .isInstanceOf(WalFailedException.class);
                FaultyStorage after = storage.cutPower(cut);
                assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
                try (Wal next = Wal.open(LogWorkload.config(after).build())) {
                    if (next.recovery().hasTornTail()) {
                        torn++;
                        assertThat(next.recovery().quarantined())
                                .as("what was cut off is kept")
                                .hasSize(1);
                        assertThat(after.list()).containsAll(next.recovery().quarantined());
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
            assertThat(torn).isPositive();
        }
    }

    /** Drops the pages of a failed force from the page cache during a recovery. */
    static final class ForgetfulPageCache implements Runnable {
        @Override
        public void run() {
            new PageCacheTest().recoveredRecordsAreDurableWhenThePageCacheIsDropped();
        }
    }

    @Test
    void recoveryThatDoesNotCheckItsCopyIsCaught() {
        assertCaught(
                Mutant.of(SEGMENT + "SegmentSealer").with("if (matching < data.end()) {", "if (false) {"),
                ForgetfulPageCache.class);
    }

    @Test
    void lengthThatNoChecksumCoversIsCaught() {
        assertCaught(Mutant.of(FORMAT + "RecordLayout").with(".add(payloadBytes) .add(", ".add("), BitRot.class);
    }

    @Test
    void logThatTakesNoLockIsCaught() {
        assertCaught(
                Mutant.of("io.veloz.wal.Wal")
                        .with("StorageLock lock = storage.lock(names.lock());", "StorageLock lock = () -> {};"),
                TwoInstances.class);
    }

    @Test
    void checkpointBeyondWhatIsDurableIsCaught() {
        assertCaught(
                Mutant.of("io.veloz.wal.Checkpoints")
                        .with(
                                "sequence < 0 || sequence > writer.durableSequence()",
                                "sequence < 0 || sequence > writer.lastSequence()"),
                EarlyCheckpoint.class);
    }

    @Test
    void recoveryThatKeepsNothingOfATornTailIsCaught() {
        assertCaught(
                Mutant.of(RECOVERY + "Recovery")
                        .with("quarantineTornBytes(analysis);", "new ArrayList<>(analysis.quarantined);"),
                TornTail.class);
    }

    /**
     * The previous run could not force its last record, which is readable but not on disk. The next run appends
     * after it.
     */
    static final class FailedForceInThePreviousRun implements Runnable {
        @Override
        public void run() {
            for (long cut = 1; cut <= 10; cut++) {
                FaultyStorage storage = new FaultyStorage(cut, DiskRules.WORST);
                Wal wal = Wal.open(LogWorkload.config(storage).build());
                wal.appendDurable(1, ByteBuffer.allocate(10));
                storage.plan(FaultPlan.always(Operation.Kind.FORCE, Fault.IO_ERROR));
                assertThatThrownBy(() -> wal.appendDurable(1, ByteBuffer.wrap(new byte[3_000])))
                        .isInstanceOf(WalFailedException.class);
                assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
                FaultyStorage next = storage.killProcess();
                long last;
                try (Wal again = Wal.open(LogWorkload.config(next).build())) {
                    last = again.appendDurable(1, ByteBuffer.allocate(10));
                }
                FaultyStorage dark = next.cutPower(cut);
                assertThatCode(() -> assertThat(lastSequence(dark))
                                .as("the record acknowledged after the tail")
                                .isEqualTo(last))
                        .doesNotThrowAnyException();
                // The close sealed the segment, so its footer alone does not show what is missing before it.
                assertThat(WalRecovery.verify(ReadOptions.of(dark), WalProgress.NONE)
                                .lost())
                        .isEmpty();
            }
        }
    }

    /** Appends after the tail, in the segment of the previous run. */
    @Test
    void recoveryThatAppendsAfterTheTailIsCaught() {
        assertCaught(
                Mutant.of(RECOVERY + "Recovery")
                        .with("LogId logId = analysis.logId == null", APPEND_AFTER_THE_TAIL)
                        .and(SEGMENT + "SegmentFile")
                        .with("this.predecessor = predecessor;", CONTINUE_AFTER_EXISTING_BATCHES),
                FailedForceInThePreviousRun.class);
    }

    // ---- what must not be believed

    /** Leaves a valid batch of an earlier log on the blocks of the first batch. */
    static final class OldBlocks implements Runnable {
        @Override
        public void run() {
            try {
                FaultyStorage old = new FaultyStorage(1, DiskRules.WORST);
                try (Wal wal = Wal.open(LogWorkload.config(old).build())) {
                    wal.appendDurable(1, ByteBuffer.allocate(100));
                    byte[] bytes = old.bytes(CURRENT);
                    FaultyStorage storage = new FaultyStorage(2, DiskRules.WORST);
                    Wal.open(LogWorkload.config(storage).build()).close();
                    try (StorageFile file = storage.open(CURRENT)) {
                        file.writeFully(ByteBuffer.wrap(bytes).position(4_096), 4_096);
                    }
                    assertThat(lastSequence(storage))
                            .as("the records of this log")
                            .isZero();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Combines the first batch of one history of a segment with the second batch of another. */
    static final class TwoHistories implements Runnable {
        @Override
        public void run() {
            byte[] one = new HandMadeSegment().batch(1, "a").batch(2, "b").bytes();
            HandMadeSegment other = new HandMadeSegment().batch(1, "c");
            int second = other.end();
            byte[] mixed = other.batch(2, "b").bytes();
            System.arraycopy(one, 0, mixed, 0, second);
            assertThat(lastSequence(HandMadeSegment.storageOf(mixed)))
                    .as("the end of the history that began")
                    .isEqualTo(1);
        }
    }

    /** A batch that leaves a gap in the sequences, and does not declare a loss. */
    static final class Gap implements Runnable {
        @Override
        public void run() {
            byte[] bytes = new HandMadeSegment().batch(1, "a").batch(5, "b").bytes();
            assertThat(lastSequence(HandMadeSegment.storageOf(bytes)))
                    .as("the record before the gap")
                    .isEqualTo(1);
        }
    }

    private static long lastSequence(FaultyStorage storage) {
        try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
            return wal.lastSequence();
        }
    }

    @Test
    void saltThatIsAlwaysTheSameIsCaught() {
        assertCaught(Mutant.of(RECOVERY + "Recovery").with("new SecureRandom().nextLong()", "0"), OldBlocks.class);
    }

    @Test
    void scannerThatIgnoresTheChainOfBatchesIsCaught() {
        assertCaught(
                Mutant.of(SEGMENT + "BatchScanner")
                        .with("if (chained && header.previousCrc != previousCrc)", "if (false)"),
                TwoHistories.class);
    }

    @Test
    void scannerThatAcceptsAGapIsCaught() {
        assertCaught(
                Mutant.of(SEGMENT + "BatchScanner")
                        .with("|| header.firstSequence == nextSequence", "|| header.firstSequence >= nextSequence"),
                Gap.class);
    }

    @Test
    void recoveryThatTakesAnUnreadableDirectoryForAnEmptyOneIsCaught() {
        assertCaught(
                Mutant.of(RECOVERY + "DirectoryScan")
                        .with("for (String name : storage.list()) {", "for (String name : listed()) {")
                        .with(
                                "private void readTrimMark()",
                                "private List<String> listed() { try { return storage.list(); } catch (IOException e) { return List.of(); } }"
                                        + " private void readTrimMark()"),
                UnreadableDirectory.class);
    }
}
