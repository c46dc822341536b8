package io.veloz.wal.ops;

import io.veloz.wal.ops.doctor.Measurement;
import java.time.Duration;
import java.util.Locale;

/** The progress of a measurement on a terminal: one line. Not thread-safe. */
final class DoctorBar implements Measurement.Listener, AutoCloseable {
    private static final int CELLS = 24;

    private final boolean shown;
    private final TerminalLine line;
    private final Duration time;

    DoctorBar(Streams streams, Duration time) {
        this.shown = streams.showsProgress();
        this.line = new TerminalLine(streams.err(), streams.columns());
        this.time = time;
    }

    @Override
    public void onStep(String label, double doneShare) {
        if (shown) {
            int full = (int) (doneShare * CELLS);
            long leftSeconds = (long) Math.ceil(time.toMillis() * (1 - doneShare) / 1000);
            line.show(String.format(
                    Locale.ROOT,
                    "doctor [%s%s] %3d %%  %d:%02d left  %s",
                    "#".repeat(full),
                    ".".repeat(CELLS - full),
                    (int) (doneShare * 100),
                    leftSeconds / 60,
                    leftSeconds % 60,
                    label));
        }
    }

    @Override
    public void close() {
        line.clear();
    }
}
