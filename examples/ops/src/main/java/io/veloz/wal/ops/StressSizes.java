package io.veloz.wal.ops;

import io.veloz.wal.WalConfig;

/** Sizes that fit together, from the size of a segment and of a record. Stateless. */
final class StressSizes {
    static final long MIN_SEGMENT_BYTES = 16 * 1024;
    static final long MAX_SEGMENT_BYTES = 1L << 40;

    /** A segment holds its header, and around its largest batch some more; what is left is for that batch. */
    private static final int AROUND_BATCH_BYTES = 4096 + 1024;

    /** What a batch and its single record take beside the payload, rounded up. */
    private static final int AROUND_PAYLOAD_BYTES = 512;

    private static final int USUAL_BATCH_BYTES = 1024 * 1024;
    private static final int MAX_BATCH_BYTES = 64 * 1024 * 1024;

    private StressSizes() {}

    static int maxPayloadBytes(long segmentBytes) {
        return largestBatchBytes(segmentBytes) - AROUND_PAYLOAD_BYTES;
    }

    private static int largestBatchBytes(long segmentBytes) {
        return (int) Math.min(segmentBytes - AROUND_BATCH_BYTES, MAX_BATCH_BYTES) & ~7;
    }

    static WalConfig.Builder apply(WalConfig.Builder builder, long segmentBytes, int payloadBytes) {
        int wanted = Math.max(USUAL_BATCH_BYTES, payloadBytes + AROUND_PAYLOAD_BYTES + 7);
        int batchBytes = Math.min(largestBatchBytes(segmentBytes), wanted & ~7);
        int bufferBytes = Integer.highestOneBit(2 * batchBytes - 1) << 1;
        return builder.segmentBytes(segmentBytes)
                .maxBatchBytes(batchBytes)
                .bufferBytes(batchBytes == USUAL_BATCH_BYTES ? 8 * USUAL_BATCH_BYTES : bufferBytes);
    }
}
