package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * Counts the requests and bytes of reads of a long archive. The archive refuses to return a slot that a summary repeats. Set
 * {@code -Dwal.synthetic.segments=100000} for one with a million numbers, and {@code -Dwal.synthetic.millis=20} to print how long
 * each read takes if every request takes 20 ms.
 */
class BoundedReadsTest {
    private static final int SEGMENTS = Integer.getInteger("wal.synthetic.segments", 10_000);
    private static final int ROUND_TRIP_MILLIS = Integer.getInteger("wal.synthetic.millis", 0);

    private static SyntheticArchive archive;

    private static SyntheticArchive archive() throws IOException {
        SyntheticArchive made = new SyntheticArchive(SEGMENTS);
        made.answerAfter(ROUND_TRIP_MILLIS);
        return made;
    }

    private static final class Count {
        final long gets = archive.gets();
        final long lists = archive.lists();
        final long bytes = archive.bytes();
        final long started = System.nanoTime();

        void report(String what) {
            System.out.println(String.format(
                    Locale.ROOT,
                    "%s of %,d segments, %,d numbers: %d GETs, %d LISTs, %,d bytes, %.2f s at %d ms a request",
                    what,
                    SEGMENTS,
                    archive.numbers(),
                    gets(),
                    lists(),
                    bytes(),
                    (System.nanoTime() - started) / 1e9,
                    ROUND_TRIP_MILLIS));
        }

        long gets() {
            return archive.gets() - gets;
        }

        long lists() {
            return archive.lists() - lists;
        }

        long bytes() {
            return archive.bytes() - bytes;
        }
    }

    /** One archive for all reads, as it takes seconds to make. The start of a writer comes last, as it adds a slot. */
    @Test
    void readsOfALongArchiveTakeABoundedNumberOfRequests() throws IOException {
        archive = archive();
        status();
        proof();
        startWithoutAHint();
        startWithAHint();
    }

    private static void status() {
        Count count = new Count();
        ArchiveStatus status = ArchiveStatus.of(archive);
        count.report("status");
        assertThat(status.archivedSequence()).isEqualTo(archive.records());
        assertThat(status.segments()).isEqualTo(SEGMENTS);
        assertThat(status.segmentObjectBytes()).isEqualTo(5000L * SEGMENTS);
        assertThat(status.tails()).isEqualTo(9);
        assertThat(status.checkpointSequence()).isEqualTo(SEGMENTS / 100 * 1000L);
        assertThat(count.gets()).isLessThan(30);
        assertThat(count.lists()).isLessThan(45);
        assertThat(count.bytes()).isLessThan(200_000);
    }

    private static void proof() throws IOException {
        Count count = new Count();
        Prover prover = new Prover(new ShipLog(archive), archive.identity, new Retries(attempt -> {}), 16, slots -> {});
        Proof proof = prover.prove(Long.MAX_VALUE);
        count.report("proof");
        assertThat(proof.segments()).hasSize(SEGMENTS);
        assertThat(proof.archived().sequence()).isEqualTo(archive.records());
        assertThat(proof.gaps()).isEqualTo(List.of());
        assertThat(count.gets()).isLessThan(SEGMENTS / 4096 + 3 * Summarizer.FAN_OUT);
        assertThat(count.lists()).isLessThan(45);
        assertThat(count.bytes()).isLessThan(600L * SEGMENTS + 1_000_000);
    }

    private static void startWithAHint() throws IOException {
        Count count = new Count();
        archive.start(new ShipLog(archive), 1_000_000_001, archive.numbers() - 1);
        count.report("start with a hint");
        assertThat(count.gets()).isLessThanOrEqualTo(4);
        assertThat(count.lists()).isLessThanOrEqualTo(3);
    }

    private static void startWithoutAHint() throws IOException {
        Count count = new Count();
        archive.start(new ShipLog(archive), 1_000_000_000, 0);
        count.report("start without a hint");
        assertThat(count.gets()).isLessThanOrEqualTo(4);
        assertThat(count.lists()).isLessThan(45);
        assertThat(count.bytes()).isLessThan(50_000);
    }
}
