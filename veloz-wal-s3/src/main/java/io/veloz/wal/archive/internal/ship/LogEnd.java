package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalException;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The end of a log that another process writes, or that no process writes. It is read from the files, independently of
 * shipping. The files show that a record is durable a short time after it is. The shipping thread calls {@link #follow} and
 * {@link #close}; the other methods are thread-safe.
 */
final class LogEnd {
    private final LogFiles files;
    private @Nullable SegmentReader reader;
    private volatile long durableSequence;
    private volatile long activeBytes;

    LogEnd(LogFiles files) {
        this.files = files;
    }

    /** Reads new batches. A failure is ignored and the next call tries again; shipping reports the same failure. */
    void follow() {
        boolean complete = false;
        try {
            SegmentReader from = open();
            while (from.next()) {
                durableSequence = Math.max(durableSequence, from.lastSequence());
                activeBytes = from.endPosition();
            }
            if (activeBytes > 0 && files.storage().exists(files.sealedName(from.segment()))) {
                // A close or a roll has sealed it, and it counts as a sealed segment now.
                activeBytes = 0;
            }
            complete = true;
        } catch (IOException | UncheckedIOException | WalException e) {
            // Closed below. The next call opens the log again.
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /** Opens a reader after the newest sealed segment. Its footer states the last sequence, so its records are not read. */
    private SegmentReader open() throws IOException {
        SegmentReader known = reader;
        if (known != null) {
            return known;
        }
        List<Long> sealed = files.sealed();
        Optional<SealedSegment> last =
                sealed.isEmpty() ? Optional.empty() : files.sealed(sealed.get(sealed.size() - 1));
        SegmentReader opened;
        if (last.isPresent()) {
            SealedSegment segment = last.get();
            durableSequence = Math.max(durableSequence, segment.lastSequence());
            activeBytes = 0;
            opened = SegmentReader.open(files, segment.number(), segment.fileBytes(), segment.lastSequence());
        } else {
            opened = SegmentReader.open(files, 0, 0, 0);
        }
        reader = opened;
        return opened;
    }

    long durableSequence() {
        return durableSequence;
    }

    long activeBytes() {
        return activeBytes;
    }

    void close() {
        SegmentReader old = reader;
        reader = null;
        if (old != null) {
            old.close();
        }
    }
}
