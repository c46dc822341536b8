package io.veloz.wal.spi;

import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.SegmentFill;
import io.veloz.wal.storage.Storage;
import java.io.IOException;

/** The older segments of a closed log, whose lock the caller has. It belongs to one thread. */
final class OlderSegmentsOfFiles implements OlderSegments {
    private final SegmentNames names;
    private final SegmentFill fill;

    OlderSegmentsOfFiles(Storage storage, SegmentNames names) {
        this.names = names;
        this.fill = new SegmentFill(storage, names);
    }

    @Override
    public boolean isPending() throws IOException {
        return fill.isPending();
    }

    @Override
    public long firstSegment() throws IOException {
        return fill.begin().firstSegment();
    }

    @Override
    public long firstSequence() throws IOException {
        return fill.begin().firstSequence();
    }

    @Override
    public void checkOpen() {
        // The caller has the lock.
    }

    @Override
    public String temporaryName(long number) {
        return names.filling(number);
    }

    @Override
    public boolean add(long number) throws IOException {
        return fill.add(number) != null;
    }

    @Override
    public void end() throws IOException {
        fill.end();
    }
}
