package io.veloz.wal.internal.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentFileTest {
    private static final int PAYLOAD_BYTES = 16;

    /** The length that the first of two records states; the batch has room for 16 bytes each. */
    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 8, 24, 1_000, Integer.MAX_VALUE})
    void batchWhoseRecordsDoNotEndWhereItEndsIsNotWritten(int stated) throws Exception {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        ByteBuffer batch = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        int end = SegmentFile.RECORDS_AT;
        for (int i = 0; i < 2; i++) {
            RecordLayout.putHeader(batch, end, i == 0 ? stated : PAYLOAD_BYTES, 1, 0, 0);
            end += RecordLayout.size(PAYLOAD_BYTES);
        }
        int recordsEnd = end;
        SegmentHeader header = new SegmentHeader(new LogId(1, 2), 1, 3, 1 << 16, 4096, 0);
        try (SegmentFile segment = new SegmentFile(storage.create("segment"), header, new Predecessor(0, 0, 0, 0))) {
            assertThatThrownBy(() -> segment.write(batch, recordsEnd, 2, 1, 0, 0, 0))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the batch was not written");
        }
        assertThat(storage.calls()).noneMatch(call -> call.operation() == Operation.WRITE);
    }
}
