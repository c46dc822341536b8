package io.veloz.wal.archive.internal.ship;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/** A number of bytes a second at the most. It belongs to one thread at a time. */
public final class Bandwidth implements Pace {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final long bytesPerSecond;
    private final Signal signal;
    private final BooleanSupplier stopped;
    private long freeAt;

    /**
     * @param signal raised when {@code stopped} has come true
     * @param stopped whether nobody wants the bytes any more
     */
    public Bandwidth(long bytesPerSecond, Signal signal, BooleanSupplier stopped) {
        this.bytesPerSecond = bytesPerSecond;
        this.signal = signal;
        this.stopped = stopped;
        this.freeAt = signal.nanoTime();
    }

    @Override
    public void sent(long bytes) throws IOException {
        if (stopped.getAsBoolean()) {
            throw new IOException("the shipper is being closed");
        }
        if (bytesPerSecond == Long.MAX_VALUE) {
            return;
        }
        long now = signal.nanoTime();
        // What was not used is lost: a pause must not be followed by a flood.
        freeAt = (freeAt - now < 0 ? now : freeAt) + (long) ((double) bytes * NANOS_PER_SECOND / bytesPerSecond);
        if (signal.await(stopped, freeAt - now)) {
            throw new IOException("the shipper is being closed");
        }
    }
}
