package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.util.concurrent.Callable;

/** The older segments of an open log. Changes go through its writer, so that they exclude a trim. It belongs to one thread. */
final class OlderSegmentsOfOpenLog implements OlderSegments {
    private final LogFiles files;
    private final OlderSegments reading;
    private final LogWriter writer;

    OlderSegmentsOfOpenLog(LogFiles files, LogWriter writer) {
        this.files = files;
        this.reading = files.olderSegments();
        this.writer = writer;
    }

    @Override
    public boolean isPending() throws IOException {
        return reading.isPending();
    }

    @Override
    public long firstSegment() throws IOException {
        return reading.firstSegment();
    }

    @Override
    public long firstSequence() throws IOException {
        return reading.firstSequence();
    }

    @Override
    public void checkOpen() {
        writer.checkFilling();
    }

    @Override
    public String temporaryName(long number) {
        return reading.temporaryName(number);
    }

    @Override
    public boolean add(long number) throws IOException {
        return onOwnThread(() -> writer.fillIn(number));
    }

    @Override
    public void end() throws IOException {
        onOwnThread(() -> {
            writer.endFill();
            return true;
        });
    }

    /** Runs a change on a thread that cannot be interrupted, because an interrupt of the caller must not reach the files. */
    private boolean onOwnThread(Callable<Boolean> change) throws IOException {
        String directory = files.storage().describe();
        try {
            return UninterruptibleThread.call("veloz-wal-fill " + directory, change);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("fill in " + directory, e);
        }
    }
}
