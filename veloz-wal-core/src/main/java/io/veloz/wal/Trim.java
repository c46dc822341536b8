package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Deletes the sealed segments that all guards have released. */
final class Trim {
    private Trim() {}

    static TrimReport run(LogWriter writer, List<TrimGuard> guards, int keepSegments) {
        long upTo = Long.MAX_VALUE;
        String strictest = "";
        for (TrimGuard guard : guards) {
            // Called on the caller's thread, so that a guard that blocks or throws affects no other thread.
            long released = guard.releasedThrough();
            if (released < upTo) {
                upTo = released;
                strictest = guard.name() + ", which needs records after " + released;
            }
        }
        long limit = upTo;
        List<SegmentReport> trimmed = onOwnThread(writer.storage(), () -> writer.trim(limit, keepSegments));
        @Nullable SegmentReport oldest = writer.oldestSealed();
        boolean held = oldest != null && oldest.lastSequence() > upTo;
        String kept = held ? strictest : oldest != null ? "the " + keepSegments + " segments that are always kept" : "";
        return new TrimReport(
                trimmed.stream().map(SegmentReport::file).toList(),
                trimmed.stream().mapToLong(SegmentReport::fileBytes).sum(),
                writer.firstSequence(),
                kept);
    }

    /** Runs the task on a separate thread, so that an interrupt of the caller does not reach the files. */
    private static <T> T onOwnThread(Storage storage, Callable<T> task) {
        try {
            return UninterruptibleThread.call("veloz-wal-trim " + storage.describe(), task);
        } catch (IOException e) {
            throw new UncheckedIOException("trim in " + storage.describe() + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("trim in " + storage.describe(), e);
        }
    }
}
