package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.orders.OrderState;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine's known bugs: reproduced in its own modes, corrected in the default mode. */
class LegacyBugsTest {
    private static final String FIRST = "orders_0000000000000000.wal";
    private static final long T = LegacyWriter.START_NANOS;

    @TempDir
    Path directory;

    private OrderState only(LegacyMode mode) {
        LegacyReplay replay = LegacyLog.open(directory).replay(mode);
        assertThat(replay.orders()).hasSize(1);
        return replay.orders().get(0);
    }

    @Test
    void fillsWithEqualTimesAllCount() {
        new LegacyWriter()
                .placed("A", 3, 100)
                .fill("A", 1, 100, T)
                .fill("A", 1, 100, T)
                .fill("A", 1, 100, T - 5)
                .writeTo(directory, FIRST);
        assertThat(only(LegacyMode.LEGACY_B).executedQuantity()).isEqualTo(1);
        assertThat(only(LegacyMode.LEGACY_A).executedQuantity()).isEqualTo(3);
        assertThat(only(LegacyMode.DEFAULT).executedQuantity()).isEqualTo(3);
        assertThat(only(LegacyMode.DEFAULT).status()).isEqualTo("FILLED");
    }

    @Test
    void cancelIsApplied() {
        new LegacyWriter().placed("A", 3, 100).cancel("A", "user", T).writeTo(directory, FIRST);
        assertThat(only(LegacyMode.LEGACY_A).status()).isEmpty();
        assertThat(only(LegacyMode.LEGACY_B).status()).isEqualTo("CANCELED");
        assertThat(only(LegacyMode.DEFAULT).status()).isEqualTo("CANCELED");
        assertThat(only(LegacyMode.DEFAULT).reason()).isEqualTo("user");
    }

    @Test
    void orderNewAfterItsFillStillSetsTheQuantity() {
        new LegacyWriter().fill("A", 1, 100, T).placed("A", 1, 100).writeTo(directory, FIRST);
        assertThat(only(LegacyMode.LEGACY_B).orderQuantity()).isNull();
        assertThat(only(LegacyMode.LEGACY_A).orderQuantity()).isEqualTo(1);
        OrderState order = only(LegacyMode.DEFAULT);
        assertThat(order.orderQuantity()).isEqualTo(1);
        assertThat(order.status()).isEqualTo("FILLED");
    }

    @Test
    void bothSpellingsOfCanceledEndAnOrderAndALateFillDoesNotReopenIt() {
        new LegacyWriter()
                .placed("A", 3, 100)
                .update("A", "", "CANCELLED", T)
                .fill("A", 1, 100, T + 1)
                .writeTo(directory, FIRST);
        assertThat(only(LegacyMode.LEGACY_A).status()).isEqualTo("PARTIALLY_FILLED");
        assertThat(only(LegacyMode.DEFAULT).status()).isEqualTo("CANCELED");
        assertThat(only(LegacyMode.DEFAULT).rawStatus()).isEqualTo("CANCELLED");
        assertThat(only(LegacyMode.DEFAULT).executedQuantity()).isEqualTo(1);
    }

    @Test
    void quantityThatIsNaNCorruptsOnlyTheEngine() {
        new LegacyWriter()
                .placed("A", 3, 100)
                .fill("A", Double.NaN, 100, T)
                .fill("A", 1, 100, T + 1)
                .writeTo(directory, FIRST);
        assertThat(only(LegacyMode.LEGACY_A).executedQuantity()).isNaN();
        assertThat(only(LegacyMode.DEFAULT).executedQuantity()).isEqualTo(1);
    }

    @Test
    void createdTimeIsTheTimeOfTheRecord() {
        new LegacyWriter().placed("A", 3, 100).writeTo(directory, FIRST);
        assertThat(only(LegacyMode.DEFAULT).createdNanos()).isEqualTo(T + 1000);
    }
}
