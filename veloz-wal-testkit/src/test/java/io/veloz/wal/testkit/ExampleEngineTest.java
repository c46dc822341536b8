package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** How the owner of an engine uses the harness on his own state machine. See docs/testing.md. */
class ExampleEngineTest {
    private static final List<Long> MOVEMENTS = List.of(100L, -30L, 5L, -70L, 200L, -1L);

    @Test
    void engineThatLogsFirstNeverForgetsABalanceItHasShown() {
        CrashPoints.<Long>forAllCrashPoints(
                (storage, history) -> work(storage, history, false),
                (storage, history) -> check(storage, history, false));
    }

    @Test
    void engineThatAppliesFirstIsCaught() {
        assertThatThrownBy(() -> CrashPoints.<Long>forAllCrashPoints(
                        (storage, history) -> work(storage, history, true),
                        (storage, history) -> check(storage, history, true)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("shown, and so never forgotten")
                .hasMessageContaining("repeat with -Dwal.seed=");
    }

    private static void work(FaultyStorage storage, History<Long> history, boolean appliesFirst) {
        try (ExampleEngine engine = new ExampleEngine(storage, appliesFirst)) {
            for (long amount : MOVEMENTS) {
                engine.move(amount, () -> history.acknowledge(engine.balance()));
            }
        }
    }

    /** The balance is the last one that was shown, or the one after: it was durable, and power failed before anybody saw. */
    private static void check(FaultyStorage storage, History<Long> history, boolean appliesFirst) {
        try (ExampleEngine engine = new ExampleEngine(storage, appliesFirst)) {
            int shown = history.acknowledged().size();
            assertThat(engine.balance())
                    .as("shown, and so never forgotten")
                    .isIn(balanceAfter(shown), balanceAfter(shown + 1));
        }
    }

    private static long balanceAfter(int movements) {
        return MOVEMENTS.stream().limit(movements).mapToLong(Long::longValue).sum();
    }
}
