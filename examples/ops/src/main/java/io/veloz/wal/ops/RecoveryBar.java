package io.veloz.wal.ops;

import io.veloz.wal.backup.RecoveryProgress;
import org.jspecify.annotations.Nullable;

/** The progress of a recovery or a drill on a terminal: one bar or line per step. Thread-safe. */
final class RecoveryBar implements RecoveryProgress, AutoCloseable {
    private final Streams streams;
    private final TerminalLine line;
    private String step = "";
    private @Nullable Progress bar;

    RecoveryBar(Streams streams) {
        this.streams = streams;
        this.line = new TerminalLine(streams.err(), streams.columns());
    }

    @Override
    public synchronized void onStep(String next) {
        clear();
        if (streams.showsProgress()) {
            line.show(next);
        }
    }

    @Override
    public synchronized void onBytes(String next, long done, long total) {
        Progress shown = bar;
        if (shown == null || !step.equals(next)) {
            clear();
            shown = streams.progress(next, Progress.Unit.BYTES);
            step = next;
            bar = shown;
        }
        shown.update(done, total);
    }

    private void clear() {
        line.clear();
        Progress shown = bar;
        if (shown != null) {
            shown.close();
            bar = null;
        }
    }

    @Override
    public synchronized void close() {
        clear();
    }
}
