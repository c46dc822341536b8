package io.veloz.wal.bench.detail;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The other process of {@link Opens}. Arguments: {@code open} or {@code append}, directory, KiB of a segment, number of segments.
 * It opens a log and prints how long that took; or it appends until its process is killed.
 */
final class OpensChild {
    static final String READY = "ready";

    /** Ends a child whose parent was killed. */
    private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(10);

    private OpensChild() {}

    public static void main(String[] arguments) throws IOException {
        WalConfig config = SampleLog.config(Path.of(arguments[1]), Integer.parseInt(arguments[2]));
        if (arguments[0].equals("open")) {
            long started = System.nanoTime();
            Wal wal = Wal.open(config);
            System.out.println("nanos=" + (System.nanoTime() - started));
            wal.close();
            return;
        }
        try (Wal wal = Wal.open(config)) {
            SampleLog.fill(wal, Integer.parseInt(arguments[3]), config.segmentBytes());
            ByteBuffer record = SampleLog.record(SampleLog.RECORD_BYTES);
            wal.appendDurable(SampleLog.TYPE, record.clear());
            System.out.println(READY);
            for (long end = System.nanoTime() + LONGEST_NANOS; System.nanoTime() - end < 0; ) {
                wal.appendDurable(SampleLog.TYPE, record.clear());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        }
    }
}
