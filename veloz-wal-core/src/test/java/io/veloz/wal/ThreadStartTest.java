package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.internal.recovery.Recovery.Recovered;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An open that fails because the machine cannot start one of the threads of the log. */
@Timeout(60)
class ThreadStartTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void threadThatCannotBeStartedLeavesNoOtherThreadRunning(int startable) throws Exception {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        WalConfig config = small(storage).build();
        SegmentNames names = new SegmentNames(config.prefix());
        Recovery.Settings settings =
                new Recovery.Settings(config.segmentBytes(), config.maxBatchBytes(), config.wallClockNanos());
        Recovered recovered = new Recovery(storage, names, settings, false).recover();
        LogWriter writer = new Wiring(config, storage, names, () -> {}, recovered).writer;
        List<Thread> started = new ArrayList<>();

        assertThatThrownBy(() -> writer.start(thread -> {
                    if (started.size() == startable) {
                        throw new OutOfMemoryError("unable to create native thread");
                    }
                    thread.start();
                    started.add(thread);
                }))
                .isInstanceOf(OutOfMemoryError.class);

        assertThat(started).hasSize(startable).noneMatch(Thread::isAlive);
        // Only the active segment is open, and the caller closes it.
        assertThat(storage.openFiles()).isEqualTo(1);
        recovered.activeFile().close();
        Wal.open(config).close();
    }
}
