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

/** What the enumeration of crash points has found in the log, each as one small case. */
class FoundCrashesTest {
    private static final ByteBuffer PAYLOAD = ByteBuffer.wrap(new byte[100]);

    /** Recovery took the current name from it, for the new segment, and with it went every record. */
    @Test
    void segmentThatIsSealedAndStillCurrentIsKept() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal wal = Wal.open(LogWorkload.config(storage).build());
        wal.appendDurable(1, PAYLOAD);
        // The roll seals the segment, and cannot rename it.
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

    /** The reader did not know which record comes first, and took zeros for a damaged one. */
    @Test
    void logThatWasNeverAppendedToReadsAsEmpty() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal.open(LogWorkload.config(storage).build()).close();
        assertThat(count(WalReader.open(ReadOptions.of(storage.killProcess())))).isZero();
    }

    /** No batch states that the last one is durable; but it is in a sealed segment. */
    @Test
    void readerBesideAWriterThatHasJustRecoveredSeesTheLastRecord() {
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

    /** The thread that trims had ended, and nobody told the caller. */
    @Test
    void trimAfterAFailureIsRefused() {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal wal = Wal.open(LogWorkload.config(storage).build());
        wal.appendDurable(1, PAYLOAD);
        wal.addTrimGuard(new io.veloz.wal.TrimGuard() {
            @Override
            public String name() {
                return "a guard that is asked while the log fails";
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
