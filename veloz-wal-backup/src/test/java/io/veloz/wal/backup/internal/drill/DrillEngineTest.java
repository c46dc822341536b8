package io.veloz.wal.backup.internal.drill;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DrillEngineTest {
    @Test
    void detailHasTheStatusAndNotTheAnswer() {
        assertThat(DrillEngine.withoutAnswer("not ready after 60 s: status 503: {\"password\":\n\"x\"}"))
                .isEqualTo("not ready after 60 s: status 503");
        assertThat(DrillEngine.withoutAnswer("not ready after 60 s: status 503: no status 200: x"))
                .isEqualTo("not ready after 60 s: status 503");
        assertThat(DrillEngine.withoutAnswer("status 200")).isEqualTo("status 200");
        assertThat(DrillEngine.withoutAnswer("4 orders; the log has 5")).isEqualTo("4 orders; the log has 5");
        assertThat(DrillEngine.withoutAnswer("x".repeat(100_000))).hasSize(503);
    }
}
