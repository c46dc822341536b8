package io.veloz.wal.internal.replay;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A segment that is complete, and where its data ends by the statement of the next one. It belongs to one thread. */
public final class SegmentEnd implements Closeable {
    private final OpenSegment segment;
    private final long position;

    SegmentEnd(OpenSegment segment, long position) {
        this.segment = segment;
        this.position = position;
    }

    /** Behind the last batch. */
    public long position() {
        return position;
    }

    /** Bytes of the segment, unchecked; returns how many there were. */
    public int read(ByteBuffer target, long fromPosition) throws IOException {
        return segment.readRaw(target, fromPosition);
    }

    @Override
    public void close() throws IOException {
        segment.close();
    }
}
