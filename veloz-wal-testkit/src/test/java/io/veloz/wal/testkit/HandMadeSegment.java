package io.veloz.wal.testkit;

import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Builds the first segment of a log with batches that the log itself would not write. All instances have the same
 * header. Confined to one thread.
 */
final class HandMadeSegment {
    private static final String CURRENT = "orders_current.wal";
    private static final int BATCH_BYTES = 4 * 1024;
    private static final SegmentHeader HEADER =
            new SegmentHeader(new LogId(1, 2), 1, 42, 16 * 1024, BATCH_BYTES, 1_700_000_000_000_000_000L);

    private final FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
    private final SegmentFile segment;

    HandMadeSegment() {
        try {
            StorageFile file = storage.create(CURRENT);
            file.writeFully(HEADER.encode(), 0);
            segment = new SegmentFile(file, HEADER, Predecessor.NONE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds a batch of one record that promises no durable record. */
    HandMadeSegment batch(long sequence, String payload) {
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        ByteBuffer batch = ByteBuffer.allocate(BATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        RecordLayout.putHeader(batch, SegmentFile.RECORDS_AT, bytes.length, 1, 0, sequence);
        batch.put(SegmentFile.RECORDS_AT + RecordLayout.HEADER_BYTES, bytes);
        try {
            int end = SegmentFile.RECORDS_AT + RecordLayout.size(bytes.length);
            segment.write(batch, end, 1, sequence, 0, sequence, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Returns the position of the next batch. */
    int end() {
        return (int) segment.position();
    }

    byte[] bytes() {
        try {
            return storage.bytes(CURRENT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns a storage with this file as a log. */
    static FaultyStorage storageOf(byte[] bytes) {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        try (StorageFile file = storage.create(CURRENT)) {
            file.writeFully(ByteBuffer.wrap(bytes), 0);
            file.force();
            storage.forceDirectory();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return storage;
    }
}
