package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.child.Child;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The order log in a JVM without flags, or with the flag that denies sun.misc.Unsafe if the JDK has it. */
@Timeout(120)
class DeniedUnsafeTest {
    @TempDir
    Path dir;

    @Test
    void orderLogOpensSilentlyWhereUnsafeIsDenied() throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= 23) {
            command.add("--sun-misc-unsafe-memory-access=deny");
        }
        String classPath = Child.classPath(OrderLog.class, DeniedUnsafeTest.class);
        command.addAll(List.of("-cp", classPath, DeniedUnsafeTest.class.getName(), dir.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(output.strip()).isEqualTo("FILLED");
        assertThat(process.exitValue()).isZero();
    }

    /** The child process: appends and replays. */
    public static void main(String[] arguments) {
        OrderLogConfig config = OrderLogConfig.builder(Path.of(arguments[0])).build();
        try (OrderLog log = OrderLog.open(config)) {
            log.appendDurable(OrderNew.market("a", "BTCUSDT", Side.BUY, 1));
            log.appendDurable(OrderFill.of("a", "BTCUSDT", 1, 100, 1));
            log.checkpoint();
        }
        try (OrderLog log = OrderLog.open(config)) {
            System.out.println(log.store().get("a").orElseThrow().status());
        }
    }
}
