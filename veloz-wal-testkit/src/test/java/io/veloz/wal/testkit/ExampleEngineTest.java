package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.storage.Storage;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The use of the harness for an engine with its own state. docs/testing.md quotes this code. */
class ExampleEngineTest {
    private static final List<Long> MOVEMENTS = List.of(100L, -30L, 5L, -70L, 200L, -1L);

    @Test
    void engineThatLogsFirstNeverForgetsABalanceItHasShown() {
        everyCrashPointOf(ExampleEngine::new);
    }

    @Test
    void engineThatAppliesFirstIsCaught() {
        assertThatThrownBy(() -> everyCrashPointOf(ExampleEngine.AppliesFirst::new))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("shown, and so never forgotten")
                .hasMessageContaining("repeat with -Dwal.seed=");
    }

    private static void everyCrashPointOf(Function<Storage, ExampleEngine> open) {
        // begin
        CrashPoints.<Long>forAllCrashPoints(
                (storage, history) -> {
                    try (ExampleEngine engine = open.apply(storage)) {
                        for (long amount : MOVEMENTS) {
                            engine.move(amount, () -> history.acknowledge(engine.balance));
                        }
                    }
                },
                (storage, history) -> {
                    try (ExampleEngine engine = open.apply(storage)) {
                        int shown = history.acknowledged().size();
                        // Or the one after: it was durable, and power failed before anybody saw it.
                        assertThat(engine.balance)
                                .as("shown, and so never forgotten")
                                .isIn(balanceAfter(shown), balanceAfter(shown + 1));
                    }
                });
        // end
    }

    private static long balanceAfter(int movements) {
        return MOVEMENTS.stream().limit(movements).mapToLong(Long::longValue).sum();
    }
}
