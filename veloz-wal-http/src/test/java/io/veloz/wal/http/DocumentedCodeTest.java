package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java block of docs/operations.md equals the code between "begin" and "end" here, except for white space. */
class DocumentedCodeTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path dir;

    @Test
    void serverOfTheOperationsPageStarts() throws IOException {
        try (OrderLog orders =
                        OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build());
                WalShipper shipper = WalShipper.start(
                        orders.wal(),
                        ShipperConfig.builder(dir.resolve("archive").toUri().toString())
                                .build())) {
            // begin
            try (WalHttpServer server = WalHttpServer.builder()
                    .log(orders.wal())
                    .orders(orders.store())
                    .shipper(shipper)
                    .backupMetrics(Path.of("/var/lib/veloz-backup/metrics.prom"))
                    .maxBackupAge("database", Duration.ofHours(26))
                    .start()) {
                System.out.println("listening on " + server.uri());
            }
            // end
        }
    }

    @Test
    void operationsPageShowsThisCode() throws IOException {
        String here =
                withoutSpace(Files.readString(Path.of("src/test/java/io/veloz/wal/http/DocumentedCodeTest.java")));
        String page = Files.readString(Path.of("../docs/operations.md"));
        assertThat(JAVA_BLOCK
                        .matcher(page)
                        .results()
                        .map(block -> withoutSpace("// begin" + block.group(1) + "// end")))
                .hasSize(1)
                .allSatisfy(block -> assertThat(here).contains(block));
    }

    private static String withoutSpace(String code) {
        return code.replaceAll("\\s+", "");
    }
}
