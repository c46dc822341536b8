package io.veloz.wal.archive.internal.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RestatementsTest {
    private static final String FILE = "ab".repeat(32);

    private final List<Segment> segments = new ArrayList<>(List.of(segment(1, "k1", FILE), segment(3, "k3", FILE)));
    private final Restatements restatements = new Restatements(segments);

    private static Segment segment(long number, String key, String fileSha256) {
        return new Segment(number, new StoredFile(key, 10, Digest.NONE, 20, fileSha256), 5, 1, 9, 9, 0, 0);
    }

    @Test
    void lastStatementCounts() {
        assertThat(restatements.add(new Restated(segment(3, "k3b", FILE), "k3")))
                .isEmpty();
        assertThat(restatements.add(new Restated(segment(3, "k3c", FILE), "k3b")))
                .isEmpty();
        assertThat(segments).extracting(Segment::key).containsExactly("k1", "k3c");
        assertThat(restatements.replaced()).containsExactly("k3", "k3b");
    }

    @Test
    void contentMustBeTheSame() {
        String other = "cd".repeat(32);
        assertThat(restatements.add(new Restated(segment(1, "k1b", other), "k1")))
                .contains("expected the same file");
        assertThat(segments).extracting(Segment::key).containsExactly("k1", "k3");
    }

    @Test
    void replacedObjectMustBeTheLastOne() {
        assertThat(restatements.add(new Restated(segment(1, "k1b", FILE), "k3")))
                .contains("names k1");
        assertThat(restatements.add(new Restated(segment(1, "k1", FILE), "k1"))).contains("replaces k1 by k1");
    }

    @Test
    void segmentMustBeCommitted() {
        assertThat(restatements.add(new Restated(segment(2, "k2", FILE), "k1")))
                .contains("which no slot before it commits");
    }
}
