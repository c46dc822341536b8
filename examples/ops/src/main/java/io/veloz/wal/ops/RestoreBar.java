package io.veloz.wal.ops;

import io.veloz.wal.restore.RestoreProgress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The progress of a restore on a terminal: one bar per stage. Thread-safe. */
final class RestoreBar implements RestoreProgress, AutoCloseable {
    private final Streams streams;
    private @Nullable Stage stage;
    private @Nullable Progress bar;

    RestoreBar(Streams streams) {
        this.streams = streams;
    }

    @Override
    public synchronized void update(Stage next, long done, long total) {
        Progress shown = bar;
        if (shown == null || stage != next) {
            clear();
            shown = streams.progress(
                    next.name().toLowerCase(Locale.ROOT),
                    next == Stage.PROVE ? Progress.Unit.SLOTS : Progress.Unit.BYTES);
            stage = next;
            bar = shown;
        }
        shown.update(done, total);
    }

    private void clear() {
        Progress shown = bar;
        if (shown != null) {
            shown.close();
        }
    }

    @Override
    public synchronized void close() {
        clear();
    }
}
