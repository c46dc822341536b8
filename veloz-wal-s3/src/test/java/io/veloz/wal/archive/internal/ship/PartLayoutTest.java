package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.StoredFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
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

    /** Any sizes are valid, but a repair puts parts of one size. */
    @Test
    void segmentWhosePartsAreIrregularIsStatedAgainInNoMoreThan64Parts() {
        assertThat(like(1, 1000 * MIB).parts(1000 * MIB + 1)).isEqualTo(64);
        assertThat(like(16 * MIB, 1000 * MIB).parts(1016 * MIB)).isEqualTo(64);
        assertThat(like(16 * MIB, 16 * MIB, 1).partBytes()).isEqualTo(16 * MIB);
        assertThat(like(100, 1).parts(101)).isEqualTo(2);
    }

    private static PartLayout like(long... sizes) {
        List<StoredFrame> parts = new ArrayList<>();
        for (long size : sizes) {
            parts.add(new StoredFrame("p" + parts.size(), 1, Digest.NONE, size, null));
        }
        return PartLayout.like(new StoredFile(
                "k", sizes.length, Digest.NONE, LongStream.of(sizes).sum(), Digest.NONE, null, parts));
    }

    /** A statement of more parts would not fit into a line of a SUMMARY. */
    @Test
    void largestSegmentHasNoMoreThan64Parts() {
        assertThat(parts(1024 * MIB)).isEqualTo(33);
        assertThat(parts(1L << 40)).isLessThanOrEqualTo(StoredFrame.MAX_PARTS).isGreaterThan(60);
    }
}
