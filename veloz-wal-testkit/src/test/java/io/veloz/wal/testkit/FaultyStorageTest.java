package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.testkit.DiskRules.FailedForce;
import io.veloz.wal.testkit.DiskRules.Names;
import io.veloz.wal.testkit.Operation.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The disk itself: it loses only data that is not durable. */
class FaultyStorageTest {
    private static final int CUTS = 200;

    private final FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);

    private StorageFile durableFile(String name, int size, int value) throws IOException {
        StorageFile file = storage.create(name);
        write(file, 0, size, value);
        file.force();
        storage.forceDirectory();
        return file;
    }

    private static void write(StorageFile file, long position, int size, int value) throws IOException {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) value);
        file.writeFully(ByteBuffer.wrap(bytes), position);
    }

    private static boolean isAll(byte[] bytes, int from, int to, int value) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != value) {
                return false;
            }
        }
        return true;
    }

    @Test
    void forcedBytesUnderAForcedNameSurviveEveryCut() throws IOException {
        StorageFile file = durableFile("a", 2_000, 1);
        write(file, 1_000, 1_500, 2);
        for (int seed = 0; seed < CUTS; seed++) {
            byte[] after = storage.cutPower(seed).bytes("a");
            assertThat(after.length).isBetween(2_000, 2_500);
            assertThat(isAll(after, 0, 1_000, 1)).as("seed %d", seed).isTrue();
        }
    }

    @Test
    void unforcedBytesSurviveWhollyPartiallyOrNotAtAll() throws IOException {
        StorageFile file = durableFile("a", 2_048, 1);
        write(file, 0, 2_048, 2);
        int whole = 0;
        int none = 0;
        int mixed = 0;
        int garbage = 0;
        for (int seed = 0; seed < CUTS; seed++) {
            byte[] after = storage.cutPower(seed).bytes("a");
            Set<Byte> values = new HashSet<>();
            for (byte value : after) {
                values.add(value);
            }
            whole += values.equals(Set.of((byte) 2)) ? 1 : 0;
            none += values.equals(Set.of((byte) 1)) ? 1 : 0;
            mixed += values.containsAll(Set.of((byte) 1, (byte) 2)) ? 1 : 0;
            garbage += values.size() > 5 ? 1 : 0;
        }
        assertThat(whole).isPositive();
        assertThat(none).isPositive();
        assertThat(mixed).isPositive();
        assertThat(garbage).isPositive();
    }

    @Test
    void diskThatIsNotPowersafeCanDamageForcedBytesOfTheSameSector() throws IOException {
        FaultyStorage unsafe = new FaultyStorage(1, DiskRules.WORST.powersafe(false));
        StorageFile file = unsafe.create("a");
        write(file, 0, 100, 1);
        file.force();
        unsafe.forceDirectory();
        write(file, 100, 100, 2);
        int damaged = 0;
        for (int seed = 0; seed < CUTS; seed++) {
            byte[] after = unsafe.cutPower(seed).bytes("a");
            damaged += isAll(after, 0, 100, 1) ? 0 : 1;
        }
        assertThat(damaged).isPositive();
    }

    @Test
    void writeDuringAForceIsNotCoveredByIt() throws Exception {
        StorageFile file = durableFile("a", 512, 1);
        write(file, 0, 512, 2);
        storage.holdForces();
        Thread forcing = new Thread(() -> {
            try {
                file.force();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        forcing.start();
        storage.awaitHeldForce();
        write(file, 0, 512, 3);
        storage.releaseForces();
        forcing.join();
        Set<Byte> values = new HashSet<>();
        for (int seed = 0; seed < CUTS; seed++) {
            values.add(storage.cutPower(seed).bytes("a")[0]);
        }
        assertThat(values).contains((byte) 2, (byte) 3).doesNotContain((byte) 1);
    }

    @Test
    void strictNamesSurviveInAnyCombinationAndOrderedOnesAsAPrefix() throws IOException {
        assertThat(survivingNames(Names.STRICT))
                .contains(Set.of(), Set.of("a"), Set.of("b"), Set.of("a", "b"), Set.of("c"), Set.of("b", "c"));
        assertThat(survivingNames(Names.ORDERED))
                .containsExactlyInAnyOrder(Set.of(), Set.of("a"), Set.of("a", "b"), Set.of("c", "b"));
    }

    private static Set<Set<String>> survivingNames(Names names) throws IOException {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST.names(names));
        storage.create("a").close();
        storage.create("b").close();
        storage.rename("a", "c");
        Set<Set<String>> all = new HashSet<>();
        for (int seed = 0; seed < CUTS; seed++) {
            all.add(Set.copyOf(storage.cutPower(seed).list()));
        }
        return all;
    }

    @Test
    void renameThatReplacesAFileIsAtomic() throws IOException {
        durableFile("a", 10, 1).close();
        durableFile("b", 10, 2).close();
        storage.rename("b", "a");
        for (int seed = 0; seed < CUTS; seed++) {
            FaultyStorage after = storage.cutPower(seed);
            int expected = after.list().contains("b") ? 1 : 2;
            assertThat(after.bytes("a")[0]).isEqualTo((byte) expected);
        }
    }

    @Test
    void unforcedTruncationCanBeUndone() throws IOException {
        StorageFile file = durableFile("a", 1_000, 1);
        file.truncate(100);
        Set<Integer> sizes = new HashSet<>();
        for (int seed = 0; seed < CUTS; seed++) {
            sizes.add(storage.cutPower(seed).bytes("a").length);
        }
        assertThat(sizes).containsExactlyInAnyOrder(100, 1_000);
    }

    @Test
    void killedProcessLeavesThePageCacheReadableAndVolatile() throws IOException {
        StorageFile file = durableFile("a", 512, 1);
        write(file, 0, 512, 2);
        FaultyStorage next = storage.killProcess();
        assertThat(next.bytes("a")[0]).isEqualTo((byte) 2);
        assertThatThrownBy(() -> write(file, 0, 1, 3)).isInstanceOf(IOException.class);
        assertThat(cutValues(next)).contains((byte) 1, (byte) 2);
    }

    private static Set<Byte> cutValues(FaultyStorage storage) throws IOException {
        Set<Byte> values = new HashSet<>();
        for (int seed = 0; seed < CUTS; seed++) {
            values.add(storage.cutPower(seed).bytes("a")[0]);
        }
        return values;
    }

    @Test
    void pagesOfAFailedForceAreLostRevertedOrDirty() throws IOException {
        Consumer<FaultyStorage> untouched = storage -> {};
        assertThat(afterFailedForce(FailedForce.LOST, untouched)).isEqualTo("reads 2, forced again and cut 1");
        assertThat(afterFailedForce(FailedForce.REVERTED, untouched)).isEqualTo("reads 1, forced again and cut 1");
        assertThat(afterFailedForce(FailedForce.DIRTY, untouched)).isEqualTo("reads 2, forced again and cut 2");
    }

    private static String afterFailedForce(FailedForce rule, Consumer<FaultyStorage> then) throws IOException {
        // Find a seed with which the failing force writes nothing to the disk.
        for (long seed = 1; ; seed++) {
            FaultyStorage storage = new FaultyStorage(seed, DiskRules.WORST.failedForce(rule));
            StorageFile file = storage.create("a");
            write(file, 0, 512, 1);
            file.force();
            storage.forceDirectory();
            write(file, 0, 512, 2);
            storage.plan(FaultPlan.always(Kind.FORCE, Fault.IO_ERROR));
            assertThatThrownBy(file::force).isInstanceOf(IOException.class);
            storage.plan(FaultPlan.NONE);
            if (new Chance(storage.chanceSeed()).cut() == Chance.Cut.NOTHING) {
                then.accept(storage);
                int read = storage.bytes("a")[0];
                file.force();
                return "reads " + read + ", forced again and cut "
                        + storage.cutPower(1).bytes("a")[0];
            }
        }
    }

    @Test
    void forceThatLiesLeavesTheBytesVolatile() throws IOException {
        StorageFile file = durableFile("a", 512, 1);
        write(file, 0, 512, 2);
        storage.plan(FaultPlan.always(Kind.FORCE, Fault.LIE));
        file.force();
        assertThat(cutValues(storage)).contains((byte) 1, (byte) 2);
    }

    @Test
    void writesFailWhileTheDiskIsFull() throws IOException {
        StorageFile file = storage.create("a");
        storage.capacityBytes(1_000);
        assertThat(file.write(ByteBuffer.allocate(1_500), 0)).isEqualTo(1_000);
        assertThatThrownBy(() -> file.write(ByteBuffer.allocate(1), 1_000)).isInstanceOf(StorageFullException.class);
        assertThat(storage.usableBytes()).isZero();
        storage.capacityBytes(2_000);
        assertThat(file.write(ByteBuffer.allocate(500), 1_000)).isEqualTo(500);
    }

    @Test
    void operationsFailWhileTooManyFilesAreOpen() throws IOException {
        durableFile("a", 10, 1).close();
        storage.maxOpenFiles(1);
        StorageFile open = storage.open("a");
        assertThatThrownBy(() -> storage.open("a"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("Too many open files");
        assertThatThrownBy(() -> storage.create("b")).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(storage::list).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(storage::forceDirectory).isInstanceOf(FileSystemException.class);
        write(open, 0, 10, 2);
        open.close();
        assertThat(storage.list()).containsExactly("a");
        storage.open("a").close();
    }

    /** E8. */
    @Test
    void shortOperationTransfersAtLeastOneByteAndReturnsTheCount() throws IOException {
        StorageFile file = durableFile("a", 100, 1);
        storage.plan((operation) -> Fault.SHORT);
        Set<Integer> written = new HashSet<>();
        Set<Integer> read = new HashSet<>();
        for (int i = 0; i < CUTS; i++) {
            ByteBuffer source = ByteBuffer.allocate(100);
            int count = file.write(source, 0);
            assertThat(source.position()).isEqualTo(count);
            written.add(count);
            ByteBuffer target = ByteBuffer.allocate(100);
            read.add(file.read(target, 0));
        }
        assertThat(written).allMatch(count -> count >= 1 && count <= 100).hasSizeGreaterThan(20);
        assertThat(read).allMatch(count -> count >= 1 && count <= 100).hasSizeGreaterThan(20);
    }

    @Test
    void failedWriteHasWrittenNothingAPartOrEverything() throws IOException {
        StorageFile file = durableFile("a", 100, 1);
        storage.plan(FaultPlan.always(Kind.WRITE, Fault.IO_ERROR));
        Set<Integer> written = new HashSet<>();
        for (int i = 0; i < CUTS; i++) {
            storage.plan(FaultPlan.NONE);
            write(file, 0, 100, 1);
            storage.plan(FaultPlan.always(Kind.WRITE, Fault.IO_ERROR));
            assertThatThrownBy(() -> write(file, 0, 100, 2)).isInstanceOf(IOException.class);
            byte[] bytes = storage.bytes("a");
            int count = 0;
            while (count < 100 && bytes[count] == 2) {
                count++;
            }
            assertThat(isAll(bytes, count, 100, 1)).isTrue();
            written.add(count);
        }
        assertThat(written).contains(0, 100).hasSizeGreaterThan(20);
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"READ", "WRITE", "FORCE", "FORCE_DIRECTORY", "RENAME"})
    void inputOutputErrorCanBeSingleOrPermanent(Kind kind) throws IOException {
        StorageFile file = durableFile("a", 10, 1);
        storage.plan(FaultPlan.once(storage.operations() + 1, Fault.IO_ERROR));
        assertThatThrownBy(() -> run(kind, file)).isInstanceOf(IOException.class);
        run(kind, file);
        storage.plan(FaultPlan.always(kind, Fault.IO_ERROR));
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> run(kind, file)).isInstanceOf(IOException.class);
        }
        storage.plan(FaultPlan.NONE);
        run(kind, file);
    }

    private void run(Kind kind, StorageFile file) throws IOException {
        switch (kind) {
            case READ -> file.read(ByteBuffer.allocate(10), 0);
            case WRITE -> file.write(ByteBuffer.allocate(10), 0);
            case FORCE -> file.force();
            case FORCE_DIRECTORY -> storage.forceDirectory();
            case RENAME -> storage.rename("a", "a");
            default -> throw new AssertionError(kind);
        }
    }

    @Test
    void failedForceOfTheDirectoryLeavesItsNamesVolatile() throws IOException {
        storage.create("a").close();
        storage.plan(FaultPlan.always(Kind.FORCE_DIRECTORY, Fault.IO_ERROR));
        assertThatThrownBy(storage::forceDirectory).isInstanceOf(IOException.class);
        Set<List<String>> names = new HashSet<>();
        for (int seed = 0; seed < CUTS; seed++) {
            names.add(storage.cutPower(seed).list());
        }
        assertThat(names).containsExactlyInAnyOrder(List.of(), List.of("a"));
    }

    @Test
    void directoryForceThatLiesLeavesNamesVolatile() throws IOException {
        storage.create("a").close();
        storage.plan(FaultPlan.always(Kind.FORCE_DIRECTORY, Fault.LIE));
        storage.forceDirectory();
        Set<List<String>> names = new HashSet<>();
        for (int seed = 0; seed < CUTS; seed++) {
            names.add(storage.cutPower(seed).list());
        }
        assertThat(names).containsExactlyInAnyOrder(List.of(), List.of("a"));
    }

    @Test
    void flippedBitIsReadAndSurvivesACut() throws IOException {
        durableFile("a", 10, 1).close();
        storage.flipBit("a", 3, 7);
        assertThat(storage.bytes("a")[3]).isEqualTo((byte) 0x81);
        assertThat(storage.cutPower(1).bytes("a")[3]).isEqualTo((byte) 0x81);
    }

    @Test
    void unforcedUnitsCanBeZeroedTornOrContainBytesOfAnotherFile() throws IOException {
        durableFile("other", 2_048, 9).close();
        StorageFile file = durableFile("a", 2_048, 1);
        write(file, 0, 2_048, 2);
        boolean zeroed = false;
        boolean torn = false;
        boolean foreign = false;
        for (int seed = 0; seed < 10 * CUTS; seed++) {
            byte[] after = storage.cutPower(seed).bytes("a");
            for (int from = 0; from < 2_048; from += 512) {
                zeroed |= isAll(after, from, from + 512, 0);
                foreign |= isAll(after, from, from + 512, 9);
                torn |= after[from] == 2 && after[from + 511] == 1;
            }
        }
        assertThat(zeroed).as("zeroed").isTrue();
        assertThat(torn).as("torn").isTrue();
        assertThat(foreign).as("bytes of another file").isTrue();
    }

    @Test
    void pageOfFourKilobytesSurvivesAtomicallyWithoutDamage() throws IOException {
        FaultyStorage pages = new FaultyStorage(1, DiskRules.WORST.unitBytes(4096));
        StorageFile file = pages.create("a");
        write(file, 0, 8_192, 1);
        file.force();
        pages.forceDirectory();
        write(file, 0, 8_192, 2);
        for (int seed = 0; seed < CUTS; seed++) {
            if (new Chance(seed).cut() == Chance.Cut.UNITS) {
                byte[] after = pages.cutPower(seed).bytes("a");
                for (int from = 0; from < 8_192; from += 4_096) {
                    assertThat(isAll(after, from, from + 4_096, after[from]))
                            .as("seed %d", seed)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void droppedPageCacheLosesCleanPagesAndKeepsDirtyOnes() throws IOException {
        assertThat(afterFailedForce(FailedForce.LOST, FaultyStorage::dropPageCache))
                .isEqualTo("reads 1, forced again and cut 1");
        assertThat(afterFailedForce(FailedForce.DIRTY, FaultyStorage::dropPageCache))
                .isEqualTo("reads 2, forced again and cut 2");
    }

    @Test
    void eachFaultHasTheExceptionOfARealDisk() throws IOException {
        durableFile("a", 10, 1).close();
        storage.plan(FaultPlan.always(Kind.OPEN, Fault.TOO_MANY_FILES));
        assertThatThrownBy(() -> storage.open("a")).isInstanceOf(FileSystemException.class);
        storage.plan(FaultPlan.once(storage.operations() + 1, Fault.NO_ROOM));
        assertThatThrownBy(() -> storage.create("b")).isInstanceOf(StorageFullException.class);
        storage.plan(FaultPlan.always(Kind.RENAME, Fault.IO_ERROR_AFTERWARDS));
        assertThatThrownBy(() -> storage.rename("a", "c")).isInstanceOf(IOException.class);
        assertThat(storage.list()).containsExactly("c");
        assertThat(storage.faults()).isEqualTo(3);
        assertThatThrownBy(() -> storage.open("nothing")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage.create("c")).isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void lockIsExclusiveAndEndsWithTheProcess() throws IOException {
        var unused = storage.lock("lock");
        assertThatThrownBy(() -> storage.lock("lock")).isInstanceOf(WalLockedException.class);
        FaultyStorage next = storage.killProcess();
        assertThat(next.isLocked("lock")).isFalse();
        next.lock("lock").close();
        assertThat(next.isLocked("lock")).isFalse();
    }

    @Test
    void sameSeedHasTheSameOutcome() throws IOException {
        StorageFile file = durableFile("a", 3_000, 1);
        write(file, 500, 3_000, 2);
        for (int seed = 0; seed < 20; seed++) {
            assertThat(storage.cutPower(seed).bytes("a"))
                    .isEqualTo(storage.cutPower(seed).bytes("a"));
        }
    }
}
