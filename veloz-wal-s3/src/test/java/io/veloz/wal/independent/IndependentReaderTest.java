package io.veloz.wal.independent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchivedLog;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.independent.IndependentLog.Checkpoint;
import io.veloz.wal.independent.IndependentLog.Verdict;
import io.veloz.wal.independent.IndependentSegment.Entry;
import io.veloz.wal.independent.IndependentSegment.Loss;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The documents are sufficient to read the formats: a reader that was written from them agrees with the library. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class IndependentReaderTest {
    private static final int CHANGES = 80;
    private static final Path GOLDEN_ARCHIVES = Path.of("src/test/resources/golden");
    private static final Path GOLDEN_LOGS = Path.of("../veloz-wal-core/src/test/resources/golden");

    @ParameterizedTest
    @ValueSource(strings = {"v1", "end-marks"})
    void goldenLogIsReadAsExpected(String name) throws IOException {
        IndependentLog log = IndependentLog.read(GOLDEN_LOGS.resolve(name), "orders");

        List<String> read = Stream.concat(
                        log.records().stream().map(IndependentReaderTest::line),
                        log.lost().stream().map(loss -> "lost " + loss.first() + " to " + loss.last()))
                .toList();
        assertThat(read).isEqualTo(Files.readAllLines(GOLDEN_LOGS.resolve(name).resolve("expected.txt")));
        assertThat(log.verdict()).as(log.findings()).isEqualTo(Verdict.SOUND);
    }

    @Test
    void randomLogsAreReadAsByTheLibrary(@TempDir Path directory) throws IOException {
        forEachSeed((random, round) -> {
            Path home = directory.resolve("log-" + round);
            Path log = writeLog(random, home);
            assertReadEqual(log);
        });
    }

    @Test
    void changedByteIsNeverReadAsAnotherRecord(@TempDir Path directory) throws IOException {
        forEachSeed((random, round) -> {
            Path log = writeLog(random, directory.resolve("log-" + round));
            List<Entry> before = IndependentLog.read(log, "orders").records();
            List<Path> files = files(log);
            int found = 0;
            for (int i = 0; i < CHANGES; i++) {
                Path file = files.get(random.nextInt(files.size()));
                byte[] bytes = Files.readAllBytes(file);
                if (bytes.length == 0) {
                    continue;
                }
                int at = placeOfChange(random, bytes);
                byte[] changed = bytes.clone();
                changed[at] ^= (byte) (1 + random.nextInt(255));
                Files.write(file, changed);
                found += assertNothingElseIsRead(log, before, file.getFileName() + " at " + at);
                Files.write(file, bytes);
            }
            assertThat(found).as("detected changes").isPositive();
        });
    }

    @ParameterizedTest
    @CsvSource({"archive-1, 100, 0", "archive-2, 60, 1", "archive-2-parts, 500, 0"})
    void goldenArchiveIsReadAsItIsRestored(String name, long checkpoint, int summaries, @TempDir Path directory)
            throws IOException {
        Path golden = GOLDEN_ARCHIVES.resolve(name);
        IndependentArchive archive = IndependentArchive.read(golden);

        WalRecovery.restoreFrom(golden.toAbsolutePath().normalize().toUri().toString(), RestoreOptions.into(directory));
        assertThat(archive.summaries()).isEqualTo(summaries);
        assertThat(archive.records())
                .isEqualTo(IndependentLog.read(directory, "orders").records());
        assertThat(archive.records()).isNotEmpty();
        assertThat(archive.checkpoints()).extracting(Checkpoint::sequence).containsExactly(checkpoint);
        assertReadEqual(directory);
    }

    @Test
    void shippedLogsAreReadFromTheArchiveAsTheyWereWritten(@TempDir Path directory) throws IOException {
        forEachSeed((random, round) -> {
            Path home = directory.resolve("home-" + round);
            Path archive = home.resolve("archive");
            ship(random, home.resolve("log"), archive);

            IndependentArchive read = IndependentArchive.read(archive);
            Path restored = home.resolve("restored");
            WalRecovery.restoreFrom(archive.toUri().toString(), RestoreOptions.into(restored));
            assertReadEqual(restored);
            assertThat(read.records())
                    .isEqualTo(IndependentLog.read(restored, "orders").records());
            List<Entry> local =
                    IndependentLog.read(home.resolve("log"), "orders").records();
            assertThat(read.records()).endsWith(local.toArray(Entry[]::new));
            assertThat(read.gaps()).isEmpty();
        });
    }

    @Test
    void changedByteOfAnArchiveIsDetectedOrHarmless(@TempDir Path directory) throws IOException {
        forEachSeed((random, round) -> {
            Path home = directory.resolve("home-" + round);
            Path archive = home.resolve("archive");
            ship(random, home.resolve("log"), archive);
            List<Entry> before = IndependentArchive.read(archive).records();
            List<Path> objects;
            try (Stream<Path> walk = Files.walk(archive)) {
                objects = walk.filter(Files::isRegularFile)
                        .filter(file -> !archive.relativize(file).toString().startsWith("."))
                        .sorted()
                        .toList();
            }
            int found = 0;
            for (int i = 0; i < CHANGES; i++) {
                Path object = objects.get(random.nextInt(objects.size()));
                byte[] bytes = Files.readAllBytes(object);
                byte[] changed = bytes.clone();
                changed[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
                Files.write(object, changed);
                try {
                    assertThat(IndependentArchive.read(archive).records()).isEqualTo(before);
                } catch (IllegalStateException e) {
                    found++;
                }
                Files.write(object, bytes);
            }
            assertThat(found).as("detected changes").isPositive();
        });
    }

    @Test
    void archiveWithSummariesIsReadAsItWasWritten(@TempDir Path directory) throws IOException {
        Path archive = directory.resolve("archive");
        Path log = directory.resolve("log");
        ShipperConfig config = ShipperConfig.builder(archive.toUri().toString()).build();
        try (Wal wal = Wal.open(config(new Random(1), log));
                WalShipper shipper = WalShipper.start(wal, config)) {
            for (int i = 0; i < 140; i++) {
                wal.appendDurable(1, payload(new Random(i)));
                wal.roll();
            }
            ArchivedLog.awaitSegments(shipper, wal);
        }
        assertThat(IndependentArchive.read(archive).summaries()).isPositive();
        assertThat(IndependentArchive.read(archive).records())
                .isEqualTo(IndependentLog.read(log, "orders").records());
    }

    @Test
    void archiveWithBeatsAndAnEndIsReadAsItWasWritten(@TempDir Path directory) throws IOException {
        Path archive = directory.resolve("archive");
        Path log = directory.resolve("log");
        ShipperConfig config = ShipperConfig.builder(archive.toUri().toString())
                .flushInterval(Duration.ofMillis(5))
                .beatInterval(Duration.ofMillis(20))
                .build();
        try (Wal wal = Wal.open(config(new Random(1), log));
                WalShipper shipper = WalShipper.start(wal, config)) {
            for (int i = 0; i < 3; i++) {
                long beats = beats(archive);
                wal.appendDurable(1, payload(new Random(i)));
                assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(30)))
                        .isTrue();
                while (beats(archive) < beats + 2) {
                    Thread.onSpinWait();
                }
            }
        }
        IndependentArchive read = IndependentArchive.read(archive);
        assertThat(read.ends()).isEqualTo(1);
        assertThat(read.records()).isEqualTo(IndependentLog.read(log, "orders").records());
        Files.delete(slots(archive).get(slots(archive).size() - 1));
        assertThatThrownBy(() -> IndependentArchive.read(archive)).hasMessageContaining("slots are lost");
    }

    private static List<Path> slots(Path archive) throws IOException {
        Path folder = archive.resolve("ship");
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches("\\d{20}"))
                    .sorted()
                    .toList();
        }
    }

    private static long beats(Path archive) throws IOException {
        long beats = 0;
        for (Path slot : slots(archive)) {
            String text = Files.readString(slot, StandardCharsets.ISO_8859_1);
            beats += text.contains("\"kind\":\"BEAT\"") ? 1 : 0;
        }
        return beats;
    }

    /** Ships in several epochs while a log has random histories. */
    private static void ship(Random random, Path log, Path archive) {
        for (int life = 0; life <= random.nextInt(3); life++) {
            ShipperConfig config = ShipperConfig.builder(archive.toUri().toString())
                    .flushInterval(Duration.ofMillis(100))
                    .partBytes(random.nextBoolean() ? 4096 : 16 * 1024 * 1024)
                    .build();
            try (Wal wal = Wal.open(config(random, log));
                    WalShipper shipper = WalShipper.start(wal, config)) {
                wal.append(1, payload(random));
                for (int i = random.nextInt(100); i > 0; i--) {
                    act(random, wal);
                    if (random.nextInt(20) == 0) {
                        wal.sync();
                        assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(30)))
                                .isTrue();
                    }
                }
                wal.sync();
            }
        }
    }

    /** Chooses a byte to change. Half of the changes are made to bytes other than zero, although most of a segment is zero. */
    private static int placeOfChange(Random random, byte[] bytes) {
        int at = random.nextInt(bytes.length);
        for (int i = 0; random.nextBoolean() && bytes[at] == 0 && i < bytes.length; i++) {
            at = (at + 1) % bytes.length;
        }
        return at;
    }

    /** Returns 1 if the change was detected. A closed log is complete to its end, so no change may look like a torn write. */
    private static int assertNothingElseIsRead(Path log, List<Entry> before, String change) throws IOException {
        IndependentLog read = IndependentLog.read(log, "orders");
        boolean found = read.verdict().compareTo(Verdict.DAMAGED) >= 0;
        if (found) {
            assertThat(read.records().size()).as(change).isLessThanOrEqualTo(before.size());
            assertThat(before).as(change).containsAll(read.records());
        } else {
            assertThat(read.records()).as(change).isEqualTo(before);
        }
        Verdict library = verdictOfLibrary(log, before);
        assertThat(library).as(change + ": " + read.findings()).isEqualTo(found ? Verdict.DAMAGED : Verdict.SOUND);
        return found ? 1 : 0;
    }

    private static Verdict verdictOfLibrary(Path log, List<Entry> before) {
        List<Entry> read = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(log))) {
            while (reader.next()) {
                read.add(entry(reader));
            }
            if (!WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound()) {
                return Verdict.DAMAGED;
            }
        } catch (WalException e) {
            return Verdict.DAMAGED;
        }
        assertThat(read).isEqualTo(before);
        return Verdict.SOUND;
    }

    private static void assertReadEqual(Path log) throws IOException {
        IndependentLog independent = IndependentLog.read(log, "orders");
        List<Entry> read = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(log))) {
            while (reader.next()) {
                read.add(entry(reader));
            }
            assertThat(independent.lost())
                    .isEqualTo(reader.lost().stream()
                            .map(range -> new Loss(range.firstSequence(), range.lastSequence()))
                            .toList());
        }
        assertThat(independent.records()).isEqualTo(read);
        assertThat(independent.verdict())
                .as(independent.findings())
                .isEqualTo(WalRecovery.inspect(ReadOptions.of(log)).hasTornTail() ? Verdict.TORN : Verdict.SOUND);
        assertThat(independent.checkpoints().stream().map(Checkpoint::sequence).toList())
                .isEqualTo(WalCheckpoint.good(ReadOptions.of(log)).stream()
                        .map(WalCheckpoint::sequence)
                        .toList());
    }

    /** Runs some histories of a log that use the whole public API. Returns its directory. */
    private static Path writeLog(Random random, Path home) throws IOException {
        Path log = home.resolve("life-0");
        for (int life = 0; life <= random.nextInt(4); life++) {
            live(random, log);
            if (random.nextInt(4) == 0) {
                log = salvage(random, log, home.resolve("life-" + (life + 1)));
            } else if (random.nextInt(3) == 0) {
                tear(random, log);
                assertReadEqual(log);
            }
        }
        live(random, log);
        return log;
    }

    private static void live(Random random, Path log) {
        WalConfig config = config(random, log);
        try (Wal wal = Wal.open(config)) {
            for (int i = random.nextInt((int) Math.min(600, config.segmentBytes() / 128)); i > 0; i--) {
                act(random, wal);
            }
        }
    }

    private static WalConfig config(Random random, Path log) {
        boolean large = random.nextInt(5) == 0;
        return WalConfig.builder(log)
                .segmentBytes(large ? 1 << 20 : 16_384L << random.nextInt(3))
                .maxBatchBytes(large ? 65_536 : 4096)
                .heartbeatDelay(Duration.ofMillis(1 + random.nextInt(20)))
                .build();
    }

    private static void act(Random random, Wal wal) {
        int action = random.nextInt(100);
        if (action < 60) {
            wal.append(type(random), payload(random), Durability.values()[random.nextInt(3)]);
        } else if (action < 75) {
            wal.appendDurable(type(random), payload(random));
        } else if (action < 90) {
            RecordGroup group = new RecordGroup();
            for (int i = 0; i <= random.nextInt(4); i++) {
                long time = random.nextInt(20) == 0 ? random.nextLong() : 1_700_000_000_000_000_000L + random.nextInt();
                group.add(type(random), time, payload(random));
            }
            wal.append(group);
        } else if (action < 94) {
            wal.roll();
        } else if (action < 97 && wal.durableSequence() > 0) {
            wal.writeCheckpoint(wal.durableSequence(), out -> out.write(random.nextInt(256)));
        } else if (action < 98) {
            wal.trim(random.nextInt(2));
        } else {
            wal.sync();
        }
    }

    private static int type(Random random) {
        return 1 + random.nextInt(random.nextBoolean() ? 10 : 65_535);
    }

    private static ByteBuffer payload(Random random) {
        byte[] bytes = new byte[random.nextInt(random.nextInt(4) == 0 ? 900 : 60)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    /** Damages a record in the middle and accepts the loss, which the new log declares. */
    private static Path salvage(Random random, Path log, Path target) throws IOException {
        List<Path> segments = files(log).stream()
                .filter(file -> file.getFileName().toString().matches("orders_\\d{16}\\.wal"))
                .toList();
        if (segments.isEmpty()) {
            return log;
        }
        Path file = segments.get(random.nextInt(segments.size()));
        byte[] bytes = Files.readAllBytes(file);
        bytes[4096 + random.nextInt(bytes.length - 4096 - 200)] ^= 1;
        Files.write(file, bytes);
        WalRecovery.salvage(ReadOptions.of(log), target, WalProgress.NONE);
        assertReadEqual(target);
        return target;
    }

    /** Appends a torn write: bytes of a batch after the last one. */
    private static void tear(Random random, Path log) throws IOException {
        Path file = log.resolve("orders_current.wal");
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 4096 && bytes[end - 1] == 0) {
            end--;
        }
        byte[] torn = new byte[Math.min(1 + random.nextInt(200), bytes.length - end)];
        random.nextBytes(torn);
        System.arraycopy(torn, 0, bytes, end, torn.length);
        Files.write(file, bytes);
    }

    private static List<Path> files(Path log) throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            return files.sorted().toList();
        }
    }

    private static Entry entry(WalReader reader) {
        ByteBuffer payload = reader.payload();
        CRC32C crc = new CRC32C();
        int length = payload.remaining();
        crc.update(payload);
        return new Entry(
                reader.sequence(), reader.type(), reader.timestampNanos(), reader.groupContinues(), length, (int)
                        crc.getValue());
    }

    private interface Round {
        void run(Random random, int round) throws IOException;
    }

    private static void forEachSeed(Round round) throws IOException {
        long first = Long.getLong("wal.seed", System.nanoTime());
        for (int i = 0; i < 5 * Integer.getInteger("wal.rounds", 1); i++) {
            long seed = first + i;
            System.out.println("-Dwal.seed=" + seed);
            round.run(new Random(seed), i);
        }
    }

    private static String line(Entry entry) {
        return String.format(
                Locale.ROOT,
                "%d %d %d %s %d %08x",
                entry.sequence(),
                entry.type(),
                entry.timestamp(),
                entry.group() ? "+" : ".",
                entry.length(),
                entry.payloadCrc());
    }
}
