package io.veloz.wal.ops;

import io.veloz.wal.WalConfig;

/** Computes batch and buffer sizes from the sizes of a segment and of a record. Stateless. */
final class StressSizes {
    static final long MIN_SEGMENT_BYTES = 16 * 1024;
    static final long MAX_SEGMENT_BYTES = 1L << 40;

    /** The bytes of a segment that its largest batch cannot use: the header, and some more around the batch. */
    private static final int SEGMENT_OVERHEAD_BYTES = 4096 + 1024;

    /** The size of a batch with one record, without the payload, rounded up. */
    private static final int BATCH_OVERHEAD_BYTES = 512;

    private static final int USUAL_BATCH_BYTES = 1024 * 1024;
    private static final int MAX_BATCH_BYTES = 64 * 1024 * 1024;

    private StressSizes() {}

    static int maxPayloadBytes(long segmentBytes) {
        return largestBatchBytes(segmentBytes) - BATCH_OVERHEAD_BYTES;
    }

    private static int largestBatchBytes(long segmentBytes) {
        return (int) Math.min(segmentBytes - SEGMENT_OVERHEAD_BYTES, MAX_BATCH_BYTES) & ~7;
    }

    static WalConfig.Builder apply(WalConfig.Builder builder, long segmentBytes, int payloadBytes) {
        int wanted = Math.max(USUAL_BATCH_BYTES, payloadBytes + BATCH_OVERHEAD_BYTES + 7);
        int batchBytes = Math.min(largestBatchBytes(segmentBytes), wanted & ~7);
        int bufferBytes = Integer.highestOneBit(2 * batchBytes - 1) << 1;
        return builder.segmentBytes(segmentBytes)
                .maxBatchBytes(batchBytes)
                .bufferBytes(batchBytes == USUAL_BATCH_BYTES ? 8 * USUAL_BATCH_BYTES : bufferBytes);
    }
}
