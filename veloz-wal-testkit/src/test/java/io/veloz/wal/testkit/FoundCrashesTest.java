package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalReader;
import io.veloz.wal.testkit.Operation.Kind;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Regression tests for bugs that the enumeration of crash points has found. */
class FoundCrashesTest {
    private static final ByteBuffer PAYLOAD = ByteBuffer.wrap(new byte[100]);

    /** Recovery gave its current name to the new segment, and all of its records were lost. */
    @Test
    void segmentThatIsSealedAndStillCurrentIsKept() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal wal = Wal.open(LogWorkload.config(storage).build());
        wal.appendDurable(1, PAYLOAD);
        // The roll seals the segment, and fails to rename it.
        storage.plan(FaultPlan.always(Kind.RENAME, Fault.IO_ERROR));
        assertThatThrownBy(wal::roll).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);

        FaultyStorage next = storage.killProcess();
        try (Wal reopened = Wal.open(LogWorkload.config(next).build())) {
            assertThat(count(reopened.reader())).isEqualTo(1);
        }
        try (Wal again = Wal.open(LogWorkload.config(next).build())) {
            assertThat(count(again.reader())).isEqualTo(1);
        }
    }

    /** The reader did not know the first sequence, and reported zeros as damage. */
    @Test
    void logThatWasNeverAppendedToReadsAsEmpty() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal.open(LogWorkload.config(storage).build()).close();
        assertThat(count(WalReader.open(ReadOptions.of(storage.killProcess())))).isZero();
    }

    /** No batch states that the last record is durable, but it is in a sealed segment. */
    @Test
    void readerConcurrentWithARecoveredWriterReturnsTheLastRecord() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal wal = Wal.open(LogWorkload.config(storage).build());
        wal.appendDurable(1, PAYLOAD);
        FaultyStorage next = storage.killProcess();
        try (Wal reopened = Wal.open(LogWorkload.config(next).build())) {
            assertThat(count(WalReader.open(ReadOptions.of(next))))
                    .isEqualTo(count(reopened.reader()))
                    .isEqualTo(1);
        }
    }

    /** The trimming thread had ended, and the caller received no exception. */
    @Test
    void trimAfterAFailureIsRefused() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal wal = Wal.open(LogWorkload.config(storage).build());
        wal.appendDurable(1, PAYLOAD);
        wal.addTrimGuard(new io.veloz.wal.TrimGuard() {
            @Override
            public String name() {
                return "a guard during which the log fails";
            }

            @Override
            public long releasedThrough() {
                storage.plan(FaultPlan.always(Kind.RENAME, Fault.IO_ERROR));
                assertThatThrownBy(wal::roll).isInstanceOf(WalFailedException.class);
                return Long.MAX_VALUE;
            }
        });
        assertThatThrownBy(() -> wal.trim(0)).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }

    private static int count(WalReader reader) {
        int count = 0;
        try (reader) {
            while (reader.next()) {
                count++;
            }
        }
        return count;
    }
}
