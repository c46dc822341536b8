package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import java.io.IOException;
import java.time.Duration;

/** Measures each step, and reports it as it begins. */
final class Timed {
    interface Action {
        void run() throws IOException;
    }

    final RecoveryReport.Builder report;
    private final RecoveryProgress progress;

    Timed(long point, RecoveryProgress progress) {
        this.report = new RecoveryReport.Builder(point);
        this.progress = progress;
    }

    void run(String step, Action action) throws IOException {
        progress.onStep(step);
        long started = System.nanoTime();
        action.run();
        report.took(step, Duration.ofNanos(System.nanoTime() - started));
    }

    void log(Replayed replayed) {
        report.log(replayed.lastSequence(), replayed.lastRecord());
    }
}
