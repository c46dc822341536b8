package io.veloz.wal.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EpochNanosTest {
    @ParameterizedTest
    @ValueSource(
            longs = {
                Long.MIN_VALUE,
                Long.MIN_VALUE + 1,
                -1_000_000_001,
                -1_000_000_000,
                -1,
                0,
                1,
                1_700_000_000_123_456_789L,
                Long.MAX_VALUE - 1,
                Long.MAX_VALUE
            })
    void everyTimestampIsConvertedToAnInstantAndBack(long nanos) {
        assertThat(EpochNanos.of(EpochNanos.toInstant(nanos))).isEqualTo(nanos);
    }

    @Test
    void timestampsAreNanosecondsSince1970() {
        assertThat(EpochNanos.of(Instant.parse("1970-01-01T00:00:01.000000002Z")))
                .isEqualTo(1_000_000_002);
        assertThat(EpochNanos.toInstant(-1)).isEqualTo(Instant.parse("1969-12-31T23:59:59.999999999Z"));
        assertThat(EpochNanos.toInstant(Long.MAX_VALUE)).isEqualTo(Instant.parse("2262-04-11T23:47:16.854775807Z"));
        assertThat(EpochNanos.toInstant(Long.MIN_VALUE)).isEqualTo(Instant.parse("1677-09-21T00:12:43.145224192Z"));
    }

    @Test
    void timeOutsideOfTheLimitsIsRefusedWithTheLimits() {
        for (Instant time : new Instant[] {
            EpochNanos.toInstant(Long.MAX_VALUE).plusNanos(1),
            EpochNanos.toInstant(Long.MIN_VALUE).minusNanos(1),
            Instant.MIN,
            Instant.MAX
        }) {
            assertThatThrownBy(() -> EpochNanos.of(time))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(time.toString())
                    .hasMessageContaining("1677-09-21T00:12:43.145224192Z")
                    .hasMessageContaining("2262-04-11T23:47:16.854775807Z");
        }
    }
}
