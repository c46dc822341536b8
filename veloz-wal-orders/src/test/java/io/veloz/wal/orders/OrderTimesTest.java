package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class OrderTimesTest {
    private static final Instant TIME = Instant.parse("2026-11-22T07:12:41.092913426Z");
    private static final long NANOS = 1_795_331_561_092_913_426L;

    @Test
    void instantsAreConvertedWithoutLoss() {
        OrderFill fill = OrderFill.of("A", "S", 1, 1, TIME);
        assertThat(fill).isEqualTo(OrderFill.of("A", "S", 1, 1, NANOS));
        assertThat(fill.eventTime()).contains(TIME);
        assertThat(new OrderCancel("A", "", TIME).eventNanos()).isEqualTo(NANOS);
        assertThat(new OrderCancel("A", "", NANOS).eventTime()).contains(TIME);
        assertThat(new OrderUpdate("A", "", "", "", TIME).eventNanos()).isEqualTo(NANOS);
        assertThat(new OrderUpdate("A", "", "", "", NANOS).eventTime()).contains(TIME);
    }

    @Test
    void zeroAndLessAreNotKnown() {
        assertThat(OrderFill.of("A", "S", 1, 1, 0).eventTime()).isEmpty();
        assertThat(OrderFill.of("A", "S", 1, 1, -1).eventTime()).isEmpty();
        OrderState state = OrderState.builder("A").updatedNanos(NANOS).build();
        assertThat(state.updatedTime()).contains(TIME);
        assertThat(state.createdTime()).isEmpty();
        assertThat(state.lastEventTime()).isEmpty();
        assertThat(new OrderStore().snapshot().newestTime()).isEmpty();
    }

    @Test
    void missingOrUnrepresentableTimeIsRejected() {
        assertThatThrownBy(() -> OrderFill.of("A", "S", 1, 1, (Instant) null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("eventTime is null");
        assertThatThrownBy(() -> OrderFill.of("A", "S", 1, 1, Instant.MAX))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("eventTime +1000000000-12-31T23:59:59.999999999Z: expected 1677-09-21T");
    }
}
