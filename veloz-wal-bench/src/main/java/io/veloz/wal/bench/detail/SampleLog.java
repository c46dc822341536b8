package io.veloz.wal.bench.detail;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.bench.log.Growth;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/** Logs of random records of 256 bytes, which no file system can compress. */
final class SampleLog {
    static final int TYPE = 1;
    static final int RECORD_BYTES = 256;

    /** A little more than the header of a record and its share of a batch's. */
    private static final int RECORD_OVERHEAD_BYTES = 32;

    private static final int MAX_BATCH_BYTES = 64 * 1024;

    private SampleLog() {}

    static WalConfig config(Path directory, int segmentKib) {
        return WalConfig.builder(directory)
                .segmentBytes(segmentKib * 1024L)
                .maxBatchBytes(MAX_BATCH_BYTES)
                .build();
    }

    static ByteBuffer record(int bytes) {
        ByteBuffer record = ByteBuffer.allocate(bytes);
        new Random(1).nextBytes(record.array());
        return record;
    }

    static void append(Wal wal, long records) {
        ByteBuffer record = record(RECORD_BYTES);
        for (long i = 0; i < records; i++) {
            wal.append(TYPE, record.clear());
        }
        wal.sync();
    }

    /**
     * Appends until an open log has a number of segments, of which half of the last one is used. Smaller ones, in which the log
     * grows, come before a single large one.
     */
    static void fill(Wal wal, int segments, long segmentBytes) throws IOException {
        Growth.toFullSegments(wal, segmentBytes);
        long fit = segmentBytes / (RECORD_BYTES + RECORD_OVERHEAD_BYTES);
        for (int sealed = wal.files().sealed().size(); sealed < segments - 1; sealed++) {
            append(wal, fit * 7 / 8);
            wal.roll();
        }
        while (wal.stats().activeSegmentRoomBytes() > segmentBytes / 2) {
            append(wal, Math.max(1, fit / 16));
        }
    }
}
