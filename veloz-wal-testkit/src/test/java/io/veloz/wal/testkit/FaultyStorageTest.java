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
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The disk itself: it takes away what it may, and nothing else. */
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
    void unforcedBytesSurviveInSomeCutsWhollyInSomeNotAtAllAndInSomeInPart() throws IOException {
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
    void diskThatIsNotPowersafeCanSpoilForcedBytesOfTheSameSector() throws IOException {
        FaultyStorage unsafe = new FaultyStorage(1, DiskRules.WORST.powersafe(false));
        StorageFile file = unsafe.create("a");
        write(file, 0, 100, 1);
        file.force();
        unsafe.forceDirectory();
        write(file, 100, 100, 2);
        int spoilt = 0;
        for (int seed = 0; seed < CUTS; seed++) {
            byte[] after = unsafe.cutPower(seed).bytes("a");
            spoilt += isAll(after, 0, 100, 1) ? 0 : 1;
        }
        assertThat(spoilt).isPositive();
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
    void unforcedTruncationMayComeUndone() throws IOException {
        StorageFile file = durableFile("a", 1_000, 1);
        file.truncate(100);
        Set<Integer> sizes = new HashSet<>();
        for (int seed = 0; seed < CUTS; seed++) {
            sizes.add(storage.cutPower(seed).bytes("a").length);
        }
        assertThat(sizes).containsExactlyInAnyOrder(100, 1_000);
    }

    @Test
    void killedProcessLeavesThePageCacheAsItIsAndAsVolatileAsItWas() throws IOException {
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
    void afterAFailedForceThePagesAreLostRevertedOrStillDirty() throws IOException {
        assertThat(afterFailedForce(FailedForce.LOST)).isEqualTo("reads 2, forced again and cut 1");
        assertThat(afterFailedForce(FailedForce.REVERTED)).isEqualTo("reads 1, forced again and cut 1");
        assertThat(afterFailedForce(FailedForce.DIRTY)).isEqualTo("reads 2, forced again and cut 2");
    }

    private static String afterFailedForce(FailedForce rule) throws IOException {
        // A seed with which nothing reaches the disk in the force that fails.
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
    void roomComesAndGoes() throws IOException {
        StorageFile file = storage.create("a");
        storage.capacityBytes(1_000);
        assertThat(file.write(ByteBuffer.allocate(1_500), 0)).isEqualTo(1_000);
        assertThatThrownBy(() -> file.write(ByteBuffer.allocate(1), 1_000)).isInstanceOf(StorageFullException.class);
        assertThat(storage.usableBytes()).isZero();
        storage.capacityBytes(2_000);
        assertThat(file.write(ByteBuffer.allocate(500), 1_000)).isEqualTo(500);
    }

    @Test
    void eachFaultIsTheErrorThatADiskGives() throws IOException {
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
    void lockIsHeldByOneAndEndsWithTheProcess() throws IOException {
        var unused = storage.lock("lock");
        assertThatThrownBy(() -> storage.lock("lock")).isInstanceOf(WalLockedException.class);
        FaultyStorage next = storage.killProcess();
        assertThat(next.isLocked("lock")).isFalse();
        next.lock("lock").close();
        assertThat(next.isLocked("lock")).isFalse();
    }

    @Test
    void sameSeedFallsTheSame() throws IOException {
        StorageFile file = durableFile("a", 3_000, 1);
        write(file, 500, 3_000, 2);
        for (int seed = 0; seed < 20; seed++) {
            assertThat(storage.cutPower(seed).bytes("a"))
                    .isEqualTo(storage.cutPower(seed).bytes("a"));
        }
    }
}
