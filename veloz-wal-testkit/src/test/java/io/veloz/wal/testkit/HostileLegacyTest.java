package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.legacy.LegacyLog;
import io.veloz.wal.legacy.LegacyMode;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.testkit.HostileFiles.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads hostile old files of the engine in all three modes of the reader. */
@Tag("enumeration")
class HostileLegacyTest {
    private static final List<Map<String, byte[]>> LOGS = List.of(
            log("d0-base"),
            log("a-small"),
            log("j-checkpoint-quirks"),
            log("f3-restart-with-replay"),
            log("m-two-writers"));

    /** Memory for all files of one of these logs, their objects, and the findings. */
    private static final long MOST_BYTES = 48 << 20;

    @TempDir
    Path directory;

    private static Map<String, byte[]> log(String name) {
        return SampleLogs.directory(
                SampleLogs.ORDERS_RESOURCES.resolve("legacy").resolve(name).resolve("wal"));
    }

    private Path written(Map<String, byte[]> files, String name) throws IOException {
        Path target = Files.createDirectory(directory.resolve(name));
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(target.resolve(file.getKey()), file.getValue());
        }
        return target;
    }

    private static Set<Object> seen(Path log) {
        Set<Object> seen = new HashSet<>();
        LegacyLog.open(log).forEach((sequence, nanos, event) -> seen.add(whatCounts(event)));
        assertThat(LegacyLog.open(log).replay(LegacyMode.LEGACY_A).orders()).isNotNull();
        assertThat(LegacyLog.open(log).replay(LegacyMode.LEGACY_B).orders()).isNotNull();
        return seen;
    }

    private static Object whatCounts(OrderEvent event) {
        return event instanceof OrderFill ? event : event instanceof OrderNew placed ? placed.clientOrderId() : "";
    }

    private static boolean isRead(String name) {
        return name.startsWith("orders_") && name.endsWith(".wal");
    }

    @Test
    void onlyWrittenEventsAreReturnedWithoutHangsOrExceptions() throws IOException {
        Set<Object> written = new HashSet<>();
        for (int i = 0; i < LOGS.size(); i++) {
            written.addAll(seen(written(LOGS.get(i), "log" + i)));
        }
        long first = Long.getLong("wal.seed", 1);
        long cases = (long) Integer.getInteger("wal.hostile.cases", 500) * CrashPoints.rounds();
        System.out.printf(
                Locale.ROOT, "tried %,7d times: hostile files of the old engine, from seed %d%n", cases, first);
        try (Bounded bounded = new Bounded()) {
            for (long seed = first; seed < first + cases; seed++) {
                Dice dice = new Dice(seed);
                HostileFiles files = HostileFiles.of(dice.of(LOGS), dice.of(LOGS), seed);
                Path log = written(files.files(), "case" + seed);
                bounded.run(files, MOST_BYTES, () -> {
                    Set<Object> shown =
                            files.files().keySet().stream().anyMatch(HostileLegacyTest::isRead) ? seen(log) : Set.of();
                    if (files.kind() != Kind.LIES) {
                        assertThat(written).containsAll(shown);
                    }
                    return shown;
                });
                assertThat(SampleLogs.directory(log)).containsExactlyEntriesOf(files.files());
                for (String name : files.files().keySet()) {
                    Files.delete(log.resolve(name));
                }
                Files.delete(log);
            }
        }
    }
}
