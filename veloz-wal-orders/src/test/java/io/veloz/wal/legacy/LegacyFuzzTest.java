package io.veloz.wal.legacy;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalException;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** R3 and R4 for old logs: every byte changed, every length, and random damage. */
@Timeout(value = 120, unit = SECONDS)
class LegacyFuzzTest {
    @TempDir
    Path directory;

    /** The result of a replay: orders without the times that no checksum covers, and ids and fills. */
    private record Outcome(List<OrderState> orders, Set<String> ids, Set<OrderFill> fills, LegacyReplay replay) {}

    private Outcome replay() {
        Set<String> ids = new HashSet<>();
        Set<OrderFill> fills = new HashSet<>();
        LegacyReplay replay = LegacyLog.open(directory).forEach((sequence, nanos, event) -> collect(event, ids, fills));
        List<OrderState> orders = replay.orders().stream()
                .map(order -> order.toBuilder().createdNanos(0).updatedNanos(0).build())
                .toList();
        return new Outcome(orders, ids, fills, replay);
    }

    private static void collect(OrderEvent event, Set<String> ids, Set<OrderFill> fills) {
        if (event instanceof OrderNew placed) {
            ids.add(placed.clientOrderId());
        } else if (event instanceof OrderFill fill) {
            fills.add(fill);
        }
    }

    private List<Path> copy(String name) throws IOException {
        Path source = LegacyCases.resource("legacy/" + name + "/wal");
        try (Stream<Path> files = Files.list(source)) {
            return files.sorted()
                    .map(file -> {
                        Path target = directory.resolve(file.getFileName());
                        LegacyWriter.write(directory, String.valueOf(file.getFileName()), read(file));
                        return target;
                    })
                    .toList();
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"d0-base", "a-small"})
    void everyChangedByteIsHarmlessOrReported(String name) throws IOException {
        List<Path> files = copy(name);
        Outcome intact = replay();
        for (Path file : files) {
            byte[] bytes = Files.readAllBytes(file);
            for (int at = 0; at < bytes.length; at++) {
                for (int mask : new int[] {0x01, 0x80, 0xFF}) {
                    byte[] changed = bytes.clone();
                    changed[at] ^= (byte) mask;
                    Files.write(file, changed);
                    assertHarmlessOrReported(intact, replay(), file.getFileName() + " at " + at + " xor " + mask);
                }
                assertEngineModesSurvive();
            }
            Files.write(file, bytes);
        }
    }

    private static void assertHarmlessOrReported(Outcome intact, Outcome changed, String where) {
        Severity worst = changed.replay().worst().orElse(Severity.NOTE);
        if (worst == Severity.NOTE) {
            assertThat(changed.orders()).as(where).isEqualTo(intact.orders());
        }
        if (changed.replay().worst().isEmpty()) {
            assertThat(intact.ids()).as(where).isEqualTo(changed.ids());
        }
        // A payload with a checksum mismatch never counts, so no event is ever invented.
        assertThat(intact.ids()).as(where).containsAll(changed.ids());
        assertThat(intact.fills()).as(where).containsAll(changed.fills());
        assertThat(worst).as(where).isNotEqualTo(Severity.UNACKNOWLEDGED);
    }

    private void assertEngineModesSurvive() {
        LegacyLog log = LegacyLog.open(directory);
        assertThat(log.replay(LegacyMode.LEGACY_A).orders()).isNotNull();
        assertThat(log.replay(LegacyMode.LEGACY_B).orders()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"d0-base", "a-small"})
    void everyShorterLengthLosesAtMostTheTail(String name) throws IOException {
        List<Path> files = copy(name);
        Outcome intact = replay();
        Path file = files.get(files.size() - 1);
        byte[] bytes = Files.readAllBytes(file);
        for (int length = bytes.length - 1; length >= 0; length--) {
            Files.write(file, Arrays.copyOf(bytes, length));
            Outcome cut = replay();
            assertThat(cut.replay().worst().orElse(Severity.NOTE))
                    .as("length %d", length)
                    .isIn(Severity.NOTE, Severity.UNACKNOWLEDGED);
            assertThat(intact.ids()).containsAll(cut.ids());
            assertThat(intact.fills()).containsAll(cut.fills());
            assertEngineModesSurvive();
        }
    }

    @Test
    void heavyDamageInSeveralFilesNeverInventsEvents() throws IOException {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        List<Path> files = copy("f3-restart-with-replay");
        Outcome intact = replay();
        for (int i = 0; i < 500; i++) {
            Path file = files.get(random.nextInt(files.size()));
            byte[] bytes = Files.readAllBytes(file);
            byte[] changed =
                    random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)) : bytes.clone();
            for (int n = random.nextInt(5); n > 0 && changed.length > 0; n--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            Files.write(file, changed);
            Outcome outcome = replay();
            assertThat(intact.ids()).as("seed %d, round %d", seed, i).containsAll(outcome.ids());
            assertThat(intact.fills()).as("seed %d, round %d", seed, i).containsAll(outcome.fills());
            assertEngineModesSurvive();
            if (random.nextInt(3) > 0) {
                Files.write(file, bytes);
            }
        }
    }

    @Test
    void randomBytesYieldNoOrders() throws IOException {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[random.nextInt(5000)];
            random.nextBytes(bytes);
            for (int at = 0; at + 8 < bytes.length; at += 1 + random.nextInt(200)) {
                System.arraycopy(new byte[] {'E', 'L', 'A', 'W', 1, 0, 0, 0}, 0, bytes, at, 8);
            }
            Files.write(directory.resolve("orders_0000000000000000.wal"), bytes);
            LegacyReplay replay = LegacyLog.open(directory).replay(LegacyMode.DEFAULT);
            assertThat(replay.orders()).as("seed %d", seed).isEmpty();
            assertThat(replay.findings().isEmpty()).as("seed %d", seed).isEqualTo(bytes.length == 0);
            assertEngineModesSurvive();
        }
    }

    @Test
    void headersThatAllClaimTheWholeFileDoNotMakeTheSearchQuadratic() throws IOException {
        byte[] header = new LegacyWriter().placed("A", 1, 1).bytes();
        java.nio.ByteBuffer.wrap(header).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(28, 4 << 20);
        byte[] bytes = new byte[8 << 20];
        for (int at = 0; at + 40 < bytes.length; at += 40) {
            System.arraycopy(header, 0, bytes, at, 40);
        }
        Files.write(directory.resolve("orders_0000000000000000.wal"), bytes);
        LegacyReplay replay = LegacyLog.open(directory).replay(LegacyMode.DEFAULT);
        assertThat(replay.orders()).isEmpty();
        assertThat(replay.findingCounts()).containsKey(LegacyFinding.Kind.SEARCH_LIMIT);
    }

    @Test
    void checkpointThatClaimsBillionsOfOrdersTerminates() {
        new LegacyWriter()
                .entry(5, LegacyWriter.payload().u32(-1).text("A").u8(0))
                .writeTo(directory, "orders_0000000000000000.wal");
        assertEngineModesSurvive();
        assertThat(LegacyLog.open(directory).replay(LegacyMode.DEFAULT).orders())
                .isEmpty();
    }

    @Test
    void tenThousandTinyFilesAreReadAndAllFindingsAreCounted() throws IOException {
        for (int i = 0; i < 10_000; i++) {
            Files.write(
                    directory.resolve(String.format(Locale.ROOT, "orders_%016x.wal", i)), new byte[] {'E', 'L', 'x'});
        }
        LegacyReplay replay = LegacyLog.open(directory).replay(LegacyMode.DEFAULT);
        assertThat(replay.findings()).hasSize(1000);
        assertThat(replay.findingCounts().values()).containsExactly(10_000L);
    }

    @Test
    void deletedFileIsAWalException() throws IOException {
        List<Path> files = copy("d0-base");
        LegacyLog log = LegacyLog.open(directory);
        Files.delete(files.get(0));
        for (LegacyMode mode : LegacyMode.values()) {
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> log.replay(mode))
                    .isInstanceOf(WalException.class)
                    .hasMessageContaining("cannot open")
                    .hasMessageContaining("orders_0000000000000000.wal");
        }
    }
}
