package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.orders.OrderStore;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The module of the archive and its many libraries are optional: an engine that does not ship runs without them. */
@Timeout(120)
class WithoutArchiveTest {
    @TempDir
    Path dir;

    /** Shows all endpoints of a log, in a process that has neither the archive nor its libraries. */
    static final class Engine {
        public static void main(String[] arguments) throws Exception {
            try (Wal wal = Wal.open(Path.of(arguments[0]));
                    WalHttpServer server =
                            Client.server().log(wal).orders(new OrderStore()).start()) {
                for (String path : new String[] {"/", "/health", "/metrics", "/api/status", "/api/orders_state"}) {
                    System.out.println(Client.get(server, path).status());
                }
            }
            System.out.println(isPresent("io.veloz.wal.archive.WalShipper"));
        }

        private static boolean isPresent(String name) {
            try {
                Class.forName(name);
                return true;
            } catch (ClassNotFoundException e) {
                return false;
            }
        }
    }

    @Test
    void endpointsAnswerWithoutTheArchiveOnTheClassPath() throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.matches(".*(veloz-wal-s3|awssdk|lz4).*") && !entry.endsWith("/s3"))
                .collect(Collectors.joining(File.pathSeparator));
        Path out = dir.resolve("out");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPath,
                        Engine.class.getName(),
                        dir.resolve("log").toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(Files.readString(out)).isEqualTo("200\n200\n200\n200\n200\nfalse\n");
    }
}
