package io.veloz.wal.legacy;

import io.veloz.wal.WalProgress;
import java.util.List;

/** How much of all files has been read. For one thread. */
final class ReadProgress {
    private static final long STEP_BYTES = 64 * 1024;

    private final WalProgress listener;
    /** Bytes in the files before each one. */
    private final long[] before;

    private final long total;
    private long told;

    ReadProgress(List<OrderedFiles.Known> files, WalProgress listener) {
        this.listener = listener;
        this.before = new long[files.size()];
        long bytes = 0;
        for (int i = 0; i < before.length; i++) {
            before[i] = bytes;
            bytes += files.get(i).path().toFile().length();
        }
        this.total = bytes;
    }

    void reached(int file, long position) {
        long done = Math.min(total, before[file] + position);
        if (done - told >= STEP_BYTES || (done == total && told < done)) {
            told = done;
            listener.update(done, total);
        }
    }
}
