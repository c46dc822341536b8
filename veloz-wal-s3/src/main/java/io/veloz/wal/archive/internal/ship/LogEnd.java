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
 * Where a log ends that another process writes, or none does: read from its files, whatever becomes of shipping. Its
 * writer's files promise a record somewhat after it is durable. One thread calls {@link #follow} and {@link #close}; any
 * thread may read the rest.
 */
final class LogEnd {
    private final LogFiles files;
    private @Nullable SegmentReader reader;
    private volatile long durableSequence;
    private volatile long activeBytes;

    LogEnd(LogFiles files) {
        this.files = files;
    }

    /** Reads what is new. What cannot be read now may be read the next time: shipping reports why. */
    void follow() {
        boolean whole = false;
        try {
            SegmentReader from = open();
            while (from.next()) {
                durableSequence = Math.max(durableSequence, from.lastSequence());
                activeBytes = from.endPosition();
            }
            whole = true;
        } catch (IOException | UncheckedIOException | WalException | IllegalArgumentException e) {
            // Closed below, and opened again the next time.
        } finally {
            if (!whole) {
                close();
            }
        }
    }

    /** Behind the newest sealed segment: its footer has the last sequence, so its records need not be read. */
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
