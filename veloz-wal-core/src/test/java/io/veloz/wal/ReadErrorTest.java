package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Fault;
import io.veloz.wal.fault.FaultStorage.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** E11: a file that cannot be read is not treated as a shorter log. */
@Timeout(60)
class ReadErrorTest {
    private final MemoryStorage log = new MemoryStorage();
    private List<TestLog.LoggedRecord> all;

    @BeforeEach
    void writeLog() {
        try (Wal wal = TestLog.open(log)) {
            for (int i = 0; i < 3; i++) {
                TestLog.append(wal, 4);
                wal.roll();
            }
            TestLog.append(wal, 2);
        }
        all = TestLog.read(log);
        assertThat(all).hasSize(14);
    }

    @Test
    void readerThatCannotReadReportsWhereAndNeverTheEndOfTheLog() throws Exception {
        int reported = everyRead(log, storage -> {
            assertThat(TestLog.read(storage)).isEqualTo(all);
            return true;
        });
        assertThat(reported).isGreaterThan(10);
    }

    @Test
    void openThatCannotReadRefusesAndChangesNothing() throws Exception {
        MemoryStorage first = log.copy();
        int reported = everyRead(first, storage -> {
            try (Wal wal = TestLog.open(storage)) {
                assertThat(wal.lastSequence()).isEqualTo(14);
            }
            return true;
        });
        assertThat(reported).isGreaterThan(10);
    }

    private interface Use {
        Object of(FaultStorage storage) throws Exception;
    }

    /** Fails each read alone, and returns how often the caller received an error. */
    private int everyRead(MemoryStorage files, Use use) throws Exception {
        int reported = 0;
        for (int n = 0; ; n++) {
            MemoryStorage copy = files.copy();
            FaultStorage storage = new FaultStorage(copy);
            Fault fault = storage.fail(Operation.READ, () -> new IOException("Input/output error"))
                    .after(n)
                    .times(1);
            Callable<Object> task = () -> use.of(storage);
            try {
                task.call();
            } catch (WalException | UncheckedIOException e) {
                reported++;
                assertThat(fault.hits()).as("read %d: %s", n, e).isEqualTo(1);
                assertThat(e).as("read %d", n).hasStackTraceContaining("Input/output error");
                assertThat(e).as("read %d", n).hasMessageContaining("memory");
            }
            assertThat(storage.openFiles()).as("open files after read %d", n).isZero();
            assertThat(TestLog.read(copy)).as("records after read %d", n).isEqualTo(all);
            if (fault.hits() == 0) {
                return reported;
            }
        }
    }
}
