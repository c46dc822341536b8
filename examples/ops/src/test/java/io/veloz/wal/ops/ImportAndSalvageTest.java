package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ImportAndSalvageTest {
    @TempDir
    Path scratch;

    private Path target;

    @BeforeEach
    void setTarget() {
        target = scratch.resolve("new");
    }

    @ParameterizedTest
    @MethodSource("io.veloz.wal.ops.LegacyCase#names")
    void importedOrdersEqualThoseOfTheOldLog(String name) {
        Path old = LegacyCase.of(name, scratch).wal();
        List<String> before = Logs.listing(old);
        ToolRun legacy = ToolRun.of("legacy-orders", old);

        ToolRun.of("import", old, target).exits(legacy.exitCode());

        ToolRun orders = ToolRun.of("orders", target).exits(ExitCode.OK);
        assertThat(LegacyCase.orderLinesOf(orders.out())).isEqualTo(LegacyCase.orderLinesOf(legacy.out()));
        for (String count : new String[] {"count", "count_pending", "count_terminal"}) {
            assertThat(orders.json().get(count)).isEqualTo(legacy.json().get(count));
        }
        ToolRun.of("verify", target).exits(ExitCode.OK);
        assertThat(Logs.listing(old)).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"d0-base, 0", "d3-zero-tail, 1", "e-corrupt-crc, 2"})
    void findingsInTheOldLogSetTheExitCodeOfASuccessfulImport(String name, int exitCode) {
        ToolRun run =
                ToolRun.of("import", LegacyCase.of(name, scratch).wal(), target).exits(exitCode);
        assertThat(run.out()).contains("imported    ", "12 orders");
        assertThat(run.err().isEmpty()).isEqualTo(exitCode == 0);
    }

    @Test
    void importReportsAsJson() {
        JsonNode json = ToolRun.of(
                        "import", LegacyCase.of("e-corrupt-crc", scratch).wal(), target, "--json")
                .json();
        assertThat(json.get("records").asLong()).isEqualTo(35);
        assertThat(json.get("exit_code").asInt()).isEqualTo(2);
        assertThat(json.get("findings").get(0).get("kind").asText()).isEqualTo("DAMAGE");
    }

    @Test
    void targetThatIsNotEmptyIsRefused() {
        Logs.ofRecords(target, 1);
        List<String> before = Logs.listing(target);
        ToolRun.of("import", LegacyCase.of("a-small", scratch).wal(), target).isRefusedWith("is not empty");
        ToolRun.of("salvage", target, target).isRefusedWith("is not empty");
        assertThat(Logs.listing(target)).isEqualTo(before);
    }

    @Test
    void salvageOfAnIntactLogLosesNothing() {
        Path log = Logs.ofRecords(scratch.resolve("log"), 12);
        ToolRun run = ToolRun.of("salvage", log, target).exits(ExitCode.OK);
        assertThat(run.out()).contains("salvaged    12 records: 1 to 12", "lost        nothing");
        assertThat(ToolRun.of("dump", target, "--format", "crc").out())
                .isEqualTo(ToolRun.of("dump", log, "--format", "crc").out());
    }

    @Test
    void salvageOfATornTailIsAWarning() {
        Path log = Logs.ofRecords(scratch.resolve("log"), 3);
        Logs.tearTail(log);
        assertThat(ToolRun.of("salvage", log, target).exits(ExitCode.WARNING).out())
                .contains("torn tail   yes", "lost        nothing");
    }

    @Test
    void salvageReportsEveryLostRange() throws IOException {
        Path log = Logs.ofRecords(scratch.resolve("log"), 17);
        Logs.damage(log.resolve("orders_0000000000000001.wal"), "record 3");
        Files.delete(log.resolve("orders_0000000000000002.wal"));
        ToolRun run = ToolRun.of("salvage", log, target).exits(ExitCode.FAILED);
        assertThat(run.out()).contains("- record 3 lost", "- records 6 to 10 lost");

        JsonNode json = ToolRun.of("salvage", log, scratch.resolve("again"), "--json")
                .exits(ExitCode.FAILED)
                .json();
        assertThat(json.get("lost")).hasSize(2);
        assertThat(json.get("records").asLong()).isEqualTo(11);
    }
}
