package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** Asks everybody, then deletes what nobody needs. */
final class Trim {
    private Trim() {}

    static TrimReport run(LogWriter writer, List<TrimGuard> guards, int keepSegments) {
        long upTo = Long.MAX_VALUE;
        String strictest = "";
        for (TrimGuard guard : guards) {
            // Asked on the caller's thread: a guard that hangs or throws holds up nobody else.
            long letsGo = guard.neededNoLongerUpTo();
            if (letsGo < upTo) {
                upTo = letsGo;
                strictest = guard.name() + ", which needs records after " + letsGo;
            }
        }
        long limit = upTo;
        String heldBackBy = strictest;
        FutureTask<TrimReport> task =
                writer.onHousekeeper(() -> trimOnHousekeeper(writer, limit, heldBackBy, keepSegments));
        return await(task);
    }

    private static TrimReport trimOnHousekeeper(LogWriter writer, long upTo, String heldBackBy, int keepSegments)
            throws IOException {
        List<SegmentReport> trimmed = writer.trimOnHousekeeper(upTo, keepSegments);
        @Nullable SegmentReport oldest = writer.oldestOnHousekeeper();
        boolean held = oldest != null && oldest.lastSequence() > upTo;
        String kept =
                held ? heldBackBy : oldest != null ? "the " + keepSegments + " segments that are always kept" : "";
        return new TrimReport(
                trimmed.stream().map(SegmentReport::file).toList(),
                trimmed.stream().mapToLong(SegmentReport::fileBytes).sum(),
                writer.firstSequenceOnHousekeeper(),
                kept);
    }

    private static TrimReport await(FutureTask<TrimReport> task) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException cause) {
                        throw cause;
                    }
                    throw new UncheckedIOException("trim", new IOException(e.getCause()));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
