package io.veloz.wal.ops;

import io.veloz.wal.backup.BackupProgress;
import io.veloz.wal.backup.Kind;

/** The progress of a backup on a terminal: one line. The size of the content is not known in advance. Not thread-safe. */
final class BackupBar implements BackupProgress, AutoCloseable {
    private final boolean shown;
    private final TerminalLine line;

    BackupBar(Streams streams) {
        this.shown = streams.showsProgress();
        this.line = new TerminalLine(streams.err(), streams.columns());
    }

    @Override
    public void onKind(Kind kind) {
        show(kind.label() + ": reading");
    }

    @Override
    public void onBytes(Kind kind, long plainBytes) {
        show(kind.label() + ": " + Units.bytes(plainBytes) + " encrypted");
    }

    @Override
    public void onWaitingForArchive(long upTo, long archivedSequence) {
        show("waiting for the log's archive: record " + Units.count(archivedSequence) + " of " + Units.count(upTo));
    }

    private void show(String text) {
        if (shown) {
            line.show(text);
        }
    }

    @Override
    public void close() {
        line.clear();
    }
}
