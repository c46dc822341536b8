package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadingTest {
    @TempDir
    Path scratch;

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify", "dump", "orders", "salvage"})
    void readingChangesNothing(String command) throws IOException {
        Path log = Logs.ofOrders(scratch.resolve("log"));
        Logs.tearTail(log);
        List<String> before = Logs.listing(log);
        run(command, log, "1");
        assertThat(Logs.listing(log)).isEqualTo(before);

        Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("r-x------"));
        try {
            run(command, log, "2");
        } finally {
            Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("rwx------"));
        }
        assertThat(Logs.listing(log)).isEqualTo(before);
    }

    private void run(String command, Path log, String target) {
        ToolRun run = command.equals("salvage")
                ? ToolRun.of(command, log, scratch.resolve(target))
                : ToolRun.of(command, log);
        boolean warns = !command.equals("dump") && !command.equals("orders");
        run.exits(warns ? ExitCode.WARNING : ExitCode.OK);
    }

    @Test
    void onlyDurableRecordsAreShownWhileAWriterRuns() throws Exception {
        Path log = scratch.resolve("log");
        List<String> lines = new ArrayList<>();
        try (ChildTool child = ChildTool.start("stress", log, "--seconds", 600, "--segment-size", 65536)) {
            for (int i = 0; i < 2001; i++) {
                lines.add(child.line());
            }
            // The writer continues, or waits until its output is read. It is running in both cases.
            ToolRun run = ToolRun.of("dump", log, "--format", "crc").exits(ExitCode.OK);
            ToolRun.of("inspect", log).exits(ExitCode.OK);
            ToolRun.of("verify", log).exits(ExitCode.OK);
            child.kill();
            lines.addAll(child.linesLeft());

            Set<String> tried = new HashSet<>();
            lines.forEach(line -> tried.add(line.replace("try ", "rec ")));
            assertThat(tried).containsAll(run.lines());
            // The next batch marks a batch as durable. So only the last acknowledged record may not be visible yet.
            List<String> early = lines.subList(0, 2001).stream()
                    .filter(line -> line.startsWith("acked "))
                    .map(line -> line.replace("acked ", "rec "))
                    .toList();
            assertThat(run.lines()).containsAll(early.subList(0, early.size() - 1));
        }
    }

    @Test
    void allAcknowledgedRecordsOfAnIdleWriterAreShown() {
        Path log = scratch.resolve("log");
        try (Wal wal = Logs.open(log)) {
            Logs.appendOrders(wal, new OrderStore());
            long deadline = System.nanoTime() + 30_000_000_000L;
            List<String> seen = List.of();
            while (seen.size() < Logs.EVENTS.size() && System.nanoTime() < deadline) {
                seen = ToolRun.of("dump", log).exits(ExitCode.OK).lines();
            }
            assertThat(seen).hasSameSizeAs(Logs.EVENTS);
        }
    }
}
