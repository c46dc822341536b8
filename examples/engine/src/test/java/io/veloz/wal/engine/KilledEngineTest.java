package io.veloz.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.Side;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class KilledEngineTest {
    @TempDir
    Path dir;

    /** The engine that is killed: places and half fills orders, and prints the id of each. */
    static final class Trading {
        public static void main(String[] arguments) {
            OrderEngine engine = new OrderEngine(OrderEngine.settings(Path.of(arguments[0])), new RecordingVenue());
            engine.start();
            for (int i = 0; !System.out.checkError(); i++) {
                String id = "order-" + i;
                engine.place(OrderNew.limit(id, "BTCUSDT", Side.SELL, 2.0, 50_000.0));
                engine.filled(OrderFill.of(id, "BTCUSDT", 1.0, 50_001.0, 1));
                System.out.println(id);
            }
        }
    }

    @Test
    @Timeout(240)
    void everyOrderThatTheKilledEngineReportedIsRestored() throws Exception {
        List<String> reported = runAndKillAfter(500);
        assertThat(reported).hasSizeGreaterThanOrEqualTo(500);
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(dir), new RecordingVenue())) {
            engine.start();
            for (String id : reported) {
                OrderState order = engine.order(id);
                assertThat(order.status()).isEqualTo("PARTIALLY_FILLED");
                assertThat(order.averagePrice()).isEqualTo(50_001.0);
            }
            // At most one more: the order in progress when the engine was killed.
            assertThat(engine.pending()).hasSizeBetween(reported.size(), reported.size() + 1);
        }
    }

    private List<String> runAndKillAfter(int orders) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Trading.class.getName(),
                        dir.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        // A thread that reads the output of a process cannot be interrupted.
        CompletableFuture.delayedExecutor(200, TimeUnit.SECONDS).execute(process::destroyForcibly);
        List<String> reported = new ArrayList<>();
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                reported.add(line);
                if (reported.size() == orders) {
                    // By the handle, because Process.destroyForcibly() would discard the output in the pipe.
                    process.toHandle().destroyForcibly();
                }
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        return reported;
    }
}
