package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Archives with wrong statements and correct digests. Verification, plan, restore and a starting shipper agree about each
 * archive: one that passes verification is restored to exactly the records that it states, and a shipper continues it. The
 * number of random archives is {@code wal.rounds}, the first seed {@code wal.seed}.
 */
@Timeout(120)
class LyingArchiveTest {
    private static final int RECORDS = 400;
    private static final Retries AT_ONCE = new Retries(attempt -> {});

    @TempDir
    static Path dir;

    private static Path log;
    private static HeapStore honest;
    private static List<Entry> records;

    @TempDir
    Path scratch;

    @BeforeAll
    static void ship() throws IOException {
        log = dir.resolve("log");
        honest = new HeapStore();
        SmallLog.idle(log, wal -> {
            SmallLog.append(wal, 150);
            wal.writeCheckpoint(100, out -> out.write(new byte[100]));
            SmallLog.append(wal, RECORDS - 150);
        });
        records = SmallLog.read(log);
        int sealed = LogFiles.of(log).sealed().size();
        assertThat(sealed).isGreaterThan(2);
        TestArchive archive = new TestArchive(honest, log);
        archive.tails(2000, 60).segment(1).checkpoint(log, 100).tails(3000, 150);
        archive.epoch().segment(2).dropTails();
        for (int number = 3; number <= sealed; number++) {
            archive.segment(number);
        }
        archive.tails(1000, RECORDS);
    }

    private static LyingArchive archive() {
        try {
            return new LyingArchive(honest);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // ---- the one check

    /** The results of the four operations. */
    private record Verdict(
            @Nullable ArchiveReport verified,
            @Nullable WalRestoreException refused,
            @Nullable WalException plan,
            @Nullable WalException restore,
            Optional<WalException> ship) {
        boolean isSound() {
            return verified != null && verified.isSound();
        }

        String problems() {
            return verified == null ? String.valueOf(refused) : String.valueOf(verified.problems());
        }
    }

    private Verdict check(HeapStore store) {
        ArchiveVerifier verifier = new ArchiveVerifier(store, AT_ONCE);
        ArchiveReport[] verified = new ArchiveReport[1];
        WalRestoreException refused =
                catchThrowableOfType(WalRestoreException.class, () -> verified[0] = verifier.full(WalProgress.NONE));
        Path target = scratch.resolve("target");
        clear(target);
        clear(scratch.resolve("target.partial"));
        RestoreOptions options = RestoreOptions.into(target).parallelism(2);
        WalException plan = catchThrowableOfType(WalException.class, () -> DirectRestore.plan(store, options));
        WalException restore = catchThrowableOfType(WalException.class, () -> DirectRestore.restore(store, options));
        Optional<WalException> shipped = shipOn(store);
        Verdict verdict = new Verdict(verified[0], refused, plan, restore, shipped);
        if (refused != null) {
            assertThat(plan).as("verification: %s; plan", refused).isNotNull();
        }
        if (plan != null) {
            assertThat(restore).as("plan: %s; restore", plan).isNotNull();
        }
        if (verdict.isSound()) {
            assertThat(plan).as("verified; plan").isNull();
            assertThat(restore).as("verified; restore").isNull();
            assertThat(shipped).as("verified; shipper").isEmpty();
            long archived = verified[0].status().archivedSequence();
            assertThat(SmallLog.read(target)).isEqualTo(records.subList(0, (int) archived));
        }
        return verdict;
    }

    private Optional<WalException> shipOn(HeapStore store) {
        Path copy = scratch.resolve("copy");
        clear(copy);
        try {
            Files.createDirectory(copy);
            try (Stream<Path> files = Files.list(log)) {
                for (Path file : files.toList()) {
                    Files.copy(file, copy.resolve(file.getFileName()));
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        try (Wal wal = SmallLog.open(copy)) {
            return DirectShip.ship(wal, store);
        } catch (AssertionError e) {
            // The shipper retries indefinitely, because an object that it needs is damaged.
            return Optional.of(new WalRestoreException(WalRestoreException.Reason.DAMAGED, e.getMessage(), e));
        }
    }

    private static void clear(Path directory) {
        if (!Files.exists(directory)) {
            return;
        }
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path each, @Nullable IOException e) throws IOException {
                    Files.delete(each);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void assertUnsound(HeapStore store, String reason) {
        Verdict verdict = check(store);
        assertThat(verdict.isSound()).as(verdict.problems()).isFalse();
        assertThat(verdict.problems()).contains(reason);
    }

    private static Segment with(Segment s, long last, long records, long min, long max) {
        return new Segment(s.number(), s.stored(), s.dataBytes(), s.firstSequence(), last, records, min, max);
    }

    // ---- single lies

    @Test
    void unchangedArchiveIsSound() {
        assertThat(check(archive().store()).isSound()).isTrue();
    }

    @Test
    void damagedRecordsInAnIntactObjectAreDetected() throws IOException {
        LyingArchive archive = archive();
        long slot = archive.numbers(Segment.class).get(1);
        archive.file(slot, file -> {
            file[file.length / 2] ^= 1;
            return file;
        });
        assertUnsound(archive.store(), "CORRUPT");
    }

    @Test
    void segmentWithWrongTimestampsIsDetected() {
        LyingArchive archive = archive();
        archive.segment(
                archive.numbers(Segment.class).get(1),
                s -> with(s, s.lastSequence(), s.records(), s.minTimestampNanos(), s.maxTimestampNanos() + 1));
        assertUnsound(archive.store(), "the slot states maxTimestampNanos");
    }

    @Test
    void segmentWithWrongRecordCountIsDetected() {
        LyingArchive archive = archive();
        archive.segment(
                archive.numbers(Segment.class).get(0),
                s -> with(s, s.lastSequence(), s.records() - 1, s.minTimestampNanos(), s.maxTimestampNanos()));
        assertUnsound(archive.store(), "the slot states records");
    }

    @Test
    void tailWithDamagedRecordsIsDetected() {
        LyingArchive archive = archive();
        List<Long> tails = archive.numbers(Tail.class);
        archive.content(tails.get(tails.size() - 1), content -> {
            content[content.length / 2] ^= 1;
            return content;
        });
        assertUnsound(archive.store(), "ship/");
    }

    @Test
    void tailsWithWrongBoundaryAreDetected() {
        LyingArchive archive = archive();
        List<Long> tails = archive.numbers(Tail.class);
        long one = tails.get(tails.size() - 3);
        long two = tails.get(tails.size() - 2);
        archive.part(one, part -> {
            Tail t = (Tail) part;
            return new Tail(
                    t.segment(), t.position(), t.endPosition(), t.firstSequence(), t.lastSequence() + 1, t.sha256());
        });
        archive.slots.computeIfPresent(one, (any, slot) -> advanced(slot));
        archive.part(two, part -> {
            Tail t = (Tail) part;
            return new Tail(
                    t.segment(), t.position(), t.endPosition(), t.firstSequence() + 1, t.lastSequence(), t.sha256());
        });
        assertUnsound(archive.store(), "the slot states that it ends");
    }

    @Test
    void copyThatEndsBeforeTheStatedRecordIsRefused() {
        LyingArchive archive = archive();
        List<Long> tails = archive.numbers(Tail.class);
        long last = tails.get(tails.size() - 1);
        archive.part(last, part -> {
            Tail t = (Tail) part;
            return new Tail(
                    t.segment(), t.position(), t.endPosition(), t.firstSequence(), t.lastSequence() + 1, t.sha256());
        });
        archive.slots.computeIfPresent(last, (any, s) -> advanced(s));
        RestoreOptions options = RestoreOptions.into(scratch.resolve("copy"))
                .untilSequence(archive.slots.get(last).archived().sequence());
        assertThat(catchThrowableOfType(
                        WalRestoreException.class, () -> DirectRestore.restore(archive.store(), options)))
                .hasMessageContaining("it ends with record " + RECORDS + "; expected " + (RECORDS + 1));
    }

    /** Returns a slot that states one more record. */
    private static Slot advanced(Slot s) {
        return new Slot(
                s.logId(),
                s.origin(),
                s.number(),
                s.epoch(),
                s.writer(),
                s.host(),
                s.written(),
                s.previous(),
                s.kept(),
                new Slot.Archived(
                        s.archived().segment(),
                        s.archived().position(),
                        s.archived().sequence() + 1),
                s.part(),
                s.instance(),
                s.chain());
    }

    @Test
    void tailOfAnEpochWithoutEpochSlotIsDetected() {
        LyingArchive archive = archive();
        long last = archive.slots.lastKey();
        archive.slots.computeIfPresent(
                last,
                (any, s) -> new Slot(
                        s.logId(),
                        s.origin(),
                        s.number(),
                        s.epoch() + 1,
                        s.writer(),
                        s.host(),
                        s.written(),
                        s.previous(),
                        s.kept(),
                        s.archived(),
                        s.part(),
                        s.instance(),
                        s.chain()));
        assertUnsound(archive.store(), "a tail of epoch 3 in epoch 2");
    }

    @Test
    void invalidCheckpointIsDetected() {
        LyingArchive archive = archive();
        archive.part(archive.numbers(Attachment.class).get(0), part -> {
            Attachment a = (Attachment) part;
            byte[] file = new byte[500];
            byte[] object = io.veloz.wal.archive.internal.format.Lz4Frames.compress(file);
            archive.objects.put(a.key(), object);
            return new Attachment(
                    a.name(),
                    a.sequence(),
                    new StoredFile(
                            a.key(),
                            object.length,
                            io.veloz.wal.archive.internal.format.Digest.of(object),
                            file.length,
                            io.veloz.wal.archive.internal.format.Digest.of(file)));
        });
        assertUnsound(archive.store(), "it is not a checkpoint");
    }

    @Test
    void keyThatLeavesTheArchiveIsRefused() {
        LyingArchive archive = archive();
        archive.segment(
                archive.numbers(Segment.class).get(0),
                s -> new Segment(
                        s.number(),
                        new StoredFile(
                                "segments/../../other",
                                s.objectBytes(),
                                s.objectSha256(),
                                s.fileBytes(),
                                s.fileSha256()),
                        s.dataBytes(),
                        s.firstSequence(),
                        s.lastSequence(),
                        s.records(),
                        s.minTimestampNanos(),
                        s.maxTimestampNanos()));
        assertUnsound(archive.store(), "none beginning with a dot");
    }

    @Test
    void consistentlyWrongIdentityIsDetectedByTheKeys() {
        LyingArchive archive = archive();
        archive.identity(i -> new LogIdentity(i.logId(), "trades", i.created(), i.firstSegment(), i.firstSequence()));
        assertUnsound(archive.store(), "prefix is trades");
    }

    @Test
    void paddedSlotIsRefused() {
        LyingArchive archive = archive();
        long tail = archive.slots.lastKey();
        byte[] padding = {0x53, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
        archive.raw(tail, body -> {
            byte[] padded = Arrays.copyOf(body, body.length + padding.length);
            System.arraycopy(padding, 0, padded, body.length, padding.length);
            return padded;
        });
        assertUnsound(archive.store(), "bytes after the content");
    }

    // ---- random lies

    @Test
    void randomLiesGetConsistentVerdicts() {
        int rounds = Integer.getInteger("wal.rounds", 20);
        long seed = Long.getLong("wal.seed", System.nanoTime());
        System.out.println("LyingArchiveTest: -Dwal.seed=" + seed + " -Dwal.rounds=" + rounds);
        int unsound = 0;
        for (int round = 0; round < rounds; round++) {
            Random random = new Random(seed + round);
            List<String> lies = new ArrayList<>();
            HeapStore store = lie(random, lies);
            try {
                unsound += check(store).isSound() ? 0 : 1;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("-Dwal.seed=" + (seed + round) + " -Dwal.rounds=1: " + lies, e);
            }
        }
        System.out.println("LyingArchiveTest: " + unsound + " of " + rounds + " refused");
    }

    private static HeapStore lie(Random random, List<String> lies) {
        LyingArchive archive = archive();
        for (int i = 0; i <= random.nextInt(2); i++) {
            lies.add(lie(archive, random));
        }
        HeapStore store = archive.store();
        if (random.nextInt(8) == 0) {
            List<String> keys = List.copyOf(store.objects().keySet());
            String key = keys.get(random.nextInt(keys.size()));
            byte[] bytes = store.objects().get(key).clone();
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            store.damage(key, bytes);
            lies.add("a bit of " + key);
        }
        return store;
    }

    private static String lie(LyingArchive archive, Random random) {
        List<Long> numbers = List.copyOf(archive.slots.keySet());
        long number = numbers.get(random.nextInt(numbers.size()));
        switch (random.nextInt(8)) {
            case 6 -> {
                String orphan = "attachments/other_" + random.nextInt(9) + ".e0000000001.lz4";
                archive.objects.put(orphan, new byte[random.nextInt(9)]);
                return "with " + orphan;
            }
            case 7 -> {
                archive.slots.computeIfPresent(
                        number,
                        (any, s) -> new Slot(
                                s.logId(),
                                random.nextBoolean() ? s.origin() : "",
                                s.number(),
                                s.epoch(),
                                s.writer(),
                                "\u001b[2K",
                                s.written().plusSeconds(random.nextInt()),
                                s.previous(),
                                s.kept(),
                                s.archived(),
                                s.part() instanceof Epoch ? new Epoch("") : s.part(),
                                s.instance(),
                                s.chain()));
                return "another host and time in slot " + number;
            }
            case 0 -> {
                archive.slots.remove(number);
                return "without slot " + number;
            }
            case 1 -> {
                List<String> keys = List.copyOf(archive.objects.keySet());
                String key = keys.get(random.nextInt(keys.size()));
                archive.object(key, bytes -> {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                    return bytes;
                });
                return "a bit of " + key + ", repaired";
            }
            case 2 -> {
                archive.raw(number, body -> {
                    body[8 + random.nextInt(body.length - 8)] ^= (byte) (1 << random.nextInt(8));
                    return body;
                });
                return "a bit of slot " + number + ", repaired";
            }
            case 3 -> {
                if (archive.slots.get(number).part() instanceof Tail) {
                    archive.content(number, content -> {
                        content[random.nextInt(content.length)] ^= 1;
                        return content;
                    });
                    return "a bit of the content of slot " + number + ", repaired";
                }
                archive.part(
                        number,
                        part -> part instanceof Segment s
                                ? with(
                                        s,
                                        s.lastSequence() + 1,
                                        s.records(),
                                        s.minTimestampNanos(),
                                        s.maxTimestampNanos())
                                : part);
                return "last sequence in slot " + number;
            }
            default -> {
                return number(archive, number, random);
            }
        }
    }

    /** Changes a number in the head of a slot. */
    private static String number(LyingArchive archive, long number, Random random) {
        archive.raw(number, body -> {
            String text = new String(body, java.nio.charset.StandardCharsets.ISO_8859_1);
            int end = 8 + ((body[4] & 0xFF) | ((body[5] & 0xFF) << 8));
            var found = java.util.regex.Pattern.compile("\"(\\w+)\":(-?\\d+)")
                    .matcher(text.substring(8, end))
                    .results()
                    .toList();
            var field = found.get(random.nextInt(found.size()));
            long old = Long.parseLong(field.group(2));
            long[] others = {old + 1, old - 1, 0, -1, Long.MAX_VALUE, 1L << 53, random.nextInt(1000)};
            String lie = String.valueOf(others[random.nextInt(others.length)]);
            String head = text.substring(8, 8 + field.start(2)) + lie + text.substring(8 + field.end(2), end);
            byte[] changed = (text.substring(0, 8) + head + text.substring(end))
                    .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
            changed[4] = (byte) head.length();
            changed[5] = (byte) (head.length() >> 8);
            return changed;
        });
        return "another number in the head of slot " + number;
    }
}
