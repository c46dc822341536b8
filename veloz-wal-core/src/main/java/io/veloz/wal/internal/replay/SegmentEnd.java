package io.veloz.wal.internal.replay;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A complete segment, and the end of its data as stated by the next segment. Confined to one thread. */
public final class SegmentEnd implements Closeable {
    private final OpenSegment segment;
    private final long position;

    SegmentEnd(OpenSegment segment, long position) {
        this.segment = segment;
        this.position = position;
    }

    /** Returns the position after the last batch. */
    public long position() {
        return position;
    }

    /** Reads bytes of the segment without verification; returns how many were read. */
    public int read(ByteBuffer target, long fromPosition) throws IOException {
        return segment.readRaw(target, fromPosition);
    }

    @Override
    public void close() throws IOException {
        segment.close();
    }
}
