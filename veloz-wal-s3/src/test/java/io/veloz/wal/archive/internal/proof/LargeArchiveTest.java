package io.veloz.wal.archive.internal.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Ten thousand slots; a million with -Dwal.slots=1000000. */
class LargeArchiveTest {
    @Test
    void archiveWithVeryManySlotsIsProven() throws IOException {
        int slots = Integer.getInteger("wal.slots", 10_000);
        LargeArchive store = new LargeArchive(slots);
        long started = System.nanoTime();
        Proof proof = new Prover(new ShipLog(store), store.identity, new Retries(n -> {}), 8, read -> {})
                .prove(Long.MAX_VALUE);
        long millis = (System.nanoTime() - started) / 1_000_000;
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        System.out.printf(
                Locale.ROOT,
                "%,d slots proven in %,d ms; %,d KB in use%n",
                slots,
                millis,
                (runtime.totalMemory() - runtime.freeMemory()) / 1024);
        assertThat(proof.slots()).isEqualTo(slots);
        assertThat(proof.segments()).hasSize((slots - 1) / 100);
        assertThat(proof.tails()).hasSize((slots - 1) % 100);
        assertThat(proof.strayCount()).isZero();
        assertThat(proof.archived().sequence())
                .isEqualTo(proof.segments().size() * 99L + proof.tails().size());
    }
}
