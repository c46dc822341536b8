package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A trim: queries all guards, then deletes the sealed segments that every guard has released. Stateless. */
final class Trim {
    private Trim() {}

    static TrimReport run(LogWriter writer, List<TrimGuard> guards, int keepSegments) {
        long upTo = Long.MAX_VALUE;
        String strictest = "";
        for (TrimGuard guard : guards) {
            // Called on the caller's thread: a guard that hangs or throws delays no other thread.
            long released = guard.releasedThrough();
            if (released < upTo) {
                upTo = released;
                strictest = guard.name() + ", which needs records after " + released;
            }
        }
        List<SegmentReport> trimmed = trim(writer, upTo, keepSegments);
        @Nullable SegmentReport oldest = writer.oldestSealed();
        boolean held = oldest != null && oldest.lastSequence() > upTo;
        String kept = held ? strictest : oldest != null ? "the " + keepSegments + " segments that are always kept" : "";
        return new TrimReport(
                trimmed.stream().map(SegmentReport::file).toList(),
                trimmed.stream().mapToLong(SegmentReport::fileBytes).sum(),
                writer.firstSequence(),
                kept);
    }

    /** Runs on a thread that cannot be interrupted, because an interrupt of the caller must not reach the files. */
    private static List<SegmentReport> trim(LogWriter writer, long upTo, int keepSegments) {
        String directory = writer.describe();
        try {
            return UninterruptibleThread.call("veloz-wal-trim " + directory, () -> writer.trim(upTo, keepSegments));
        } catch (IOException e) {
            throw new UncheckedIOException("trim in " + directory + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("trim in " + directory, e);
        }
    }
}
