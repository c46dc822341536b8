package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tests of the tests: the harness has to detect bugs that real logs have had. Each bug is inserted into the source of
 * one class, see {@link Mutant}.
 */
@Tag("enumeration")
class MutantsTest {
    private static final String COMMIT = "io.veloz.wal.internal.commit.";
    private static final String RECOVERY = "io.veloz.wal.internal.recovery.";
    private static final String SEGMENT = "io.veloz.wal.internal.segment.";
    private static final String CHECKPOINT = "io.veloz.wal.internal.checkpoint.";
    private static final String STORAGE = "io.veloz.wal.storage.";

    private static final String FORCE_AND_ACKNOWLEDGE =
            "forceActive(); intervalRuns = false; if (state.acknowledge(forced)) { notifier.signal(); }";

    private static final int ATTEMPTS = 3;

    /** Cuts power once and twice. */
    static final class Cuts implements Runnable {
        @Override
        public void run() {
            CrashPoints<Step> points = CrashPoints.of(LogWorkload::run, LogCheck::checkAndAppend);
            for (int round = 1; round <= 5; round++) {
                // One cut per change, then the next seed: most bugs show early.
                points.seed(round).cuts(1).cutOnce();
                points.seed(round).cutTwice(100);
            }
        }
    }

    /** Appends a record during a blocked force. */
    static final class HeldForce implements Runnable {
        @Override
        public void run() {
            try {
                new ConcurrentAppendersTest().recordThatIsAppendedDuringAForceIsNotAcknowledgedByIt();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** One round, for the unchanged log. */
    static final class FewCuts implements Runnable {
        @Override
        public void run() {
            CrashPoints.of(LogWorkload::run, LogCheck::checkAndAppend).cuts(1).cutOnce();
        }
    }

    /** Fails each operation on the directory, each force and each rename. */
    static final class Errors implements Runnable {
        @Override
        public void run() {
            CrashPoints.of(LogWorkload::run, LogCheck::check)
                    .failEach(
                            Fault.IO_ERROR,
                            EnumSet.of(
                                    Operation.Kind.LIST,
                                    Operation.Kind.FORCE,
                                    Operation.Kind.FORCE_DIRECTORY,
                                    Operation.Kind.RENAME));
        }
    }

    /** Shortens each read and each write. */
    static final class ShortWrites implements Runnable {
        @Override
        public void run() {
            CrashPoints.of(LogWorkload::run, LogCheck::check).failEach(Fault.SHORT);
        }
    }

    /** Scheduling is not deterministic, so a bug that shows only in some interleavings gets several attempts. */
    private static void assertCaught(Mutant mutant, Class<? extends Runnable> by) throws Exception {
        AssertionError caught = null;
        for (int attempt = 1; caught == null && attempt <= ATTEMPTS; attempt++) {
            try {
                mutant.run(by);
            } catch (AssertionError e) {
                caught = e;
            }
        }
        assertThat(caught)
                .as("the failure reported by the harness")
                .isNotNull()
                .hasMessageContaining("repeat with -Dwal.seed=");
    }

    /** Otherwise the other tests would prove nothing. */
    @Test
    void logWithoutAMistakeIsNotCaught() {
        Mutant none = Mutant.of(COMMIT + "CommitThread");
        assertThatCode(() -> none.run(FewCuts.class)).doesNotThrowAnyException();
    }

    @Test
    void logThatLeavesOutTheForceIsCaught() throws Exception {
        assertCaught(
                Mutant.of(COMMIT + "CommitThread")
                        .with(FORCE_AND_ACKNOWLEDGE, FORCE_AND_ACKNOWLEDGE.replace("forceActive();", "")),
                Cuts.class);
    }

    @Test
    void logThatAcknowledgesBeforeTheForceIsCaught() throws Exception {
        assertCaught(
                Mutant.of(COMMIT + "CommitThread")
                        .with(
                                FORCE_AND_ACKNOWLEDGE,
                                FORCE_AND_ACKNOWLEDGE.replace("forceActive();", "") + "forceActive();"),
                Cuts.class);
    }

    /** Also acknowledges records that this force has not covered. */
    @Test
    void logThatAcknowledgesWhatArrivedDuringTheForceIsCaught() throws Exception {
        Mutant mutant = Mutant.of(COMMIT + "CommitThread")
                .with("state.acknowledge(forced)", "state.acknowledge(buffer.lastClaimedSequence())");
        assertThatThrownBy(() -> mutant.run(HeldForce.class))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("A5: durable before the next force");
    }

    @Test
    void logThatRetriesAFailedForceIsCaught() throws Exception {
        assertCaught(
                Mutant.of(COMMIT + "CommitThread")
                        .with(
                                FORCE_AND_ACKNOWLEDGE,
                                "try { forceActive(); } catch (IOException e) { forceActive(); }"
                                        + FORCE_AND_ACKNOWLEDGE.replace("forceActive();", "")),
                Errors.class);
    }

    @Test
    void rollWithoutABarrierIsCaught() throws Exception {
        assertCaught(
                Mutant.of(COMMIT + "CommitThread")
                        .with(
                                "if (writtenSequence > state.durable.value()) { // A barrier: everything in this segment is durable before a batch is written to the next one. force(); }",
                                ""),
                Cuts.class);
    }

    @Test
    void rollThatRenamesWithoutADirectoryForceBetweenIsCaught() throws Exception {
        assertCaught(
                Mutant.of(COMMIT + "Housekeeper")
                        .with(
                                "storage.forceDirectory(); retryWhileFull(() -> rename(names.prepared(), names.current()));",
                                "retryWhileFull(() -> rename(names.prepared(), names.current()));"),
                Cuts.class);
    }

    @Test
    void segmentThatIsUsedBeforeItsNameIsDurableIsCaught() throws Exception {
        assertCaught(
                Mutant.of(COMMIT + "Housekeeper")
                        .with(
                                "retryWhileFull(() -> rename(names.preparing(), names.prepared())); storage.forceDirectory();",
                                "retryWhileFull(() -> rename(names.preparing(), names.prepared()));"),
                Cuts.class);
    }

    @Test
    void segmentThatIsNamedBeforeItsHeaderIsDurableIsCaught() throws Exception {
        assertCaught(
                Mutant.of(SEGMENT + "SegmentMaker")
                        .with("file.force(); forced = position;", "forced = position;")
                        .with("writeHeader(file, filled); file.force();", "writeHeader(file, filled);"),
                Cuts.class);
    }

    @Test
    void endMarkThatStatesTheBatchThatIsForcedWithItIsCaught() throws Exception {
        assertCaught(
                Mutant.of(SEGMENT + "SegmentFile")
                        .with("durable != first - 1) { return; }", "durable != first - 1 || records == 0) { return; }")
                        .with("Math.abs(wallNanos - markedNanos) < MARK_NANOS", "false")
                        .with(
                                "new EndMark(durable, position, wallNanos)",
                                "new EndMark(first, position + 80, wallNanos)"),
                Cuts.class);
    }

    @Test
    void recoveryThatDoesNotForceTheCopyOfTheTailIsCaught() throws Exception {
        assertCaught(Mutant.of(SEGMENT + "SegmentSealer").with("copy.force();", ""), Cuts.class);
    }

    /** Seals the tail in place instead of copying it, and forces pages that the kernel considers clean. */
    @Test
    void recoveryThatBelievesThePageCacheIsCaught() throws Exception {
        assertCaught(
                Mutant.of(SEGMENT + "SegmentSealer")
                        .with(
                                "try (StorageFile copy = storage.create(temporaryName)) {",
                                "storage.rename(storage.list().contains(name) ? name : \"orders_current.wal\", temporaryName);"
                                        + " try (StorageFile copy = storage.open(temporaryName)) {")
                        .with("copy.writeFully(chunk, position);", "chunk.position(chunk.limit());")
                        .with(
                                "copy.writeFully(footer.encode(), data.end());",
                                "ByteBuffer end = footer.encode(); int length = end.remaining();"
                                        + " copy.writeFully(end, data.end()); copy.truncate(data.end() + length);"),
                Errors.class);
    }

    @Test
    void recoveryThatBelievesAFooterBeforeItsSegmentHasItsNumberIsCaught() throws Exception {
        assertCaught(
                Mutant.of(RECOVERY + "SegmentCheck")
                        .with(
                                "found != null && (names.isSealed(segment.name()) || settings.concurrent)",
                                "found != null"),
                Cuts.class);
    }

    @Test
    void recoveryThatTakesATornTailForDamageIsCaught() throws Exception {
        assertCaught(
                Mutant.of(SEGMENT + "TailSearch")
                        .with("return promisedSequence >= Math.max(1, sequence);", "return end > 0;"),
                Cuts.class);
    }

    @Test
    void scannerThatIgnoresChecksumsOfRecordsIsCaught() throws Exception {
        assertCaught(
                Mutant.of(SEGMENT + "BatchScanner")
                        .with("if (crc != RecordLayout.crc(buffer, record))", "if (false)")
                        .with("if (recordsChecksum.value() != header.recordsCrc)", "if (false)"),
                Cuts.class);
    }

    @Test
    void shortWriteThatIsNotCompletedIsCaught() throws Exception {
        assertCaught(
                Mutant.of(STORAGE + "StorageFile")
                        .with(
                                "int written = write(source, at);",
                                "int written = write(source, at); source.position(source.limit());"),
                ShortWrites.class);
    }

    @Test
    void trimThatDeletesBeforeItsMarkIsDurableIsCaught() throws Exception {
        assertCaught(
                Mutant.of(COMMIT + "SealedSegments")
                        .with(
                                "mark.write(last.number() + 1, last.lastSequence() + 1); remove(oldest);",
                                "remove(oldest); List<SegmentReport> deleted = deleteRemoved();"
                                        + " mark.write(last.number() + 1, last.lastSequence() + 1); return deleted;"),
                Cuts.class);
    }

    @Test
    void markThatIsNamedBeforeItIsDurableIsCaught() throws Exception {
        assertCaught(Mutant.of(STORAGE + "AtomicFile").with("file.force();", ""), Cuts.class);
    }

    @Test
    void checkpointThatIsNamedBeforeItIsDurableIsCaught() throws Exception {
        assertCaught(Mutant.of(CHECKPOINT + "CheckpointFile").with("file.force();", ""), Cuts.class);
    }

    @Test
    void checkpointThatIsAcknowledgedBeforeItsNameIsDurableIsCaught() throws Exception {
        assertCaught(
                Mutant.of(CHECKPOINT + "CheckpointFile")
                        .with(
                                "storage.rename(temporaryName, name); storage.forceDirectory();",
                                "storage.rename(temporaryName, name);"),
                Cuts.class);
    }

    @Test
    void trimThatReliesOnOneCheckpointAloneIsCaught() throws Exception {
        assertCaught(
                Mutant.of(CHECKPOINT + "CheckpointSlots")
                        .with("valid.get(valid.size() - 1).sequence()", "valid.get(0).sequence()"),
                Cuts.class);
    }

    @Test
    void groupThatIsWrittenRecordByRecordIsCaught() throws Exception {
        assertCaught(
                Mutant.of("io.veloz.wal.Wal")
                        .with(
                                "public long appendDurable(RecordGroup group) {",
                                "public long appendDurable(RecordGroup group) {"
                                        + " if (group.size() > 1) { long last = 0;"
                                        + " for (int i = 0; i < group.size(); i++) {"
                                        + " last = appendDurable(group.type(i), group.payload(i)); } return last; }"),
                Cuts.class);
    }
}
