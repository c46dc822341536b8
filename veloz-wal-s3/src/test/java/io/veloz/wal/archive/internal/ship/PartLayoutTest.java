package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.format.StoredFrame;
import org.junit.jupiter.api.Test;

/** Into how many objects a segment is divided. */
class PartLayoutTest {
    private static final long MIB = 1024 * 1024;

    private static int parts(long dataBytes) {
        long fileBytes = dataBytes + 4096;
        return PartLayout.of(dataBytes, fileBytes, 16 * MIB).parts(fileBytes);
    }

    @Test
    void segmentOfUpTo64MebibytesIsOneObject() {
        assertThat(parts(1)).isEqualTo(1);
        assertThat(parts(64 * MIB)).isEqualTo(1);
        assertThat(parts(64 * MIB + 1)).isEqualTo(5);
    }

    @Test
    void largeSegmentsHavePartsOf16Mebibytes() {
        assertThat(parts(1024 * MIB - 4096)).isEqualTo(64);
        assertThat(PartLayout.of(1000 * MIB, 1001 * MIB, 16 * MIB).partBytes()).isEqualTo(16 * MIB);
    }

    /** A statement of more parts would not fit into a line of a SUMMARY. */
    @Test
    void largestSegmentHasNoMoreThan64Parts() {
        assertThat(parts(1024 * MIB)).isEqualTo(33);
        assertThat(parts(1L << 40)).isLessThanOrEqualTo(StoredFrame.MAX_PARTS).isGreaterThan(60);
    }
}
