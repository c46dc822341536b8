package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.child.Child;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.recovery.LogCopy;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A log of very many segments needs few open files and little memory. Use -Dveloz.manySegments=100000 for longer runs.
 */
class ManySegmentsTest {
    private static final int SEGMENTS = Integer.getInteger("veloz.manySegments", 3_000);

    /** A thousand with very many segments, else fewer, so that a leak still fails the test. */
    private static final int HANDLES = SEGMENTS > 10_000 ? 1024 : 128;

    @Test
    void veryManySegmentsOpenWithFewFilesAndLittleMemory() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        write(storage, SEGMENTS);
        assertThat(storage.list()).hasSize(SEGMENTS);
        long before = usedBytes();
        RecoveryReport report = TestLog.recover(storage);
        long perSegment = (usedBytes() - before) / SEGMENTS;
        assertThat(report.segments()).hasSize(SEGMENTS);
        assertThat(report.lastSequence()).isEqualTo(SEGMENTS);
        assertThat(perSegment).as("bytes of memory for a segment").isLessThan(2_000);
        assertThat(storage.mostOpenFiles()).as("open files").isLessThan(10);
        assertThat(storage.openFiles()).isZero();

        try (WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            long count = 0;
            while (reader.next()) {
                assertThat(reader.sequence()).isEqualTo(++count);
            }
            assertThat(count).isEqualTo(SEGMENTS);
        }
        assertThat(storage.mostOpenFiles()).isLessThan(10);
        assertThat(storage.openFiles()).isZero();
    }

    /** The log is opened, read and written until the handles would be exhausted if one segment in ten leaked one. */
    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    @Timeout(1800)
    void processWithFewHandlesAndALittleHeapOpensReadsAndWritesOn(@TempDir Path directory) throws Exception {
        write(unforced(DiskStorage.createOrOpen(directory)), SEGMENTS);
        long started = System.nanoTime();
        String heap = "-Xmx" + (32 + SEGMENTS / 500) + "m";
        try (Child child = Child.startWithHandles(HANDLES, "many", directory, heap)) {
            List<String> lines = child.rest();
            assertThat(lines)
                    .startsWith("opening", "open " + SEGMENTS, "read " + SEGMENTS, "read " + (SEGMENTS + 150))
                    .last()
                    .asString()
                    .startsWith("used ");
            System.out.printf(
                    Locale.ROOT,
                    "%,d segments, %d handles, %s: %s bytes after %d ms%n",
                    SEGMENTS,
                    HANDLES,
                    heap,
                    lines.get(lines.size() - 1),
                    (System.nanoTime() - started) / 1_000_000);
        }
    }

    /** R11: for twice as much data, a recovery reads twice as many bytes, not four times as many. */
    @Test
    void recoveryReadsEachSegmentAFixedNumberOfTimes() throws IOException {
        long one = bytesReadByRecovery(log(200));
        long two = bytesReadByRecovery(log(400));
        assertThat(two).isBetween(one, one * 21 / 10);
    }

    /** The same within one segment: a torn tail is searched once, whatever its size. */
    @Test
    void recoveryReadsALongTornTailAFixedNumberOfTimes() throws IOException {
        long one = bytesReadByRecovery(garbage(50_000));
        long two = bytesReadByRecovery(garbage(100_000));
        assertThat(two).isBetween(one, one * 21 / 10);
    }

    private static long bytesReadByRecovery(MemoryStorage storage) throws IOException {
        long before = storage.readBytes();
        TestLog.recover(storage);
        return storage.readBytes() - before;
    }

    private static MemoryStorage garbage(int bytes) throws IOException {
        MemoryStorage storage = new MemoryStorage();
        TestLog.recover(storage);
        byte[] file = java.util.Arrays.copyOf(storage.bytes(TestLog.CURRENT), 4096 + bytes);
        byte[] noise = new byte[bytes];
        new java.util.Random(1).nextBytes(noise);
        System.arraycopy(noise, 0, file, 4096, bytes);
        return storage.put(TestLog.CURRENT, file);
    }

    /** Writes one record per segment, so large that a second one does not fit. */
    private static void write(Storage storage, int segments) throws IOException {
        try (LogCopy copy =
                new LogCopy(storage, TestLog.NAMES, new LogId(1, 2), 1, 12 * 1024, 4096, () -> TestLog.START_NANOS)) {
            for (int i = 1; i <= segments; i++) {
                copy.add(i, 1, false, i, ByteBuffer.allocate(SegmentFile.maxPayloadBytes(4096)));
            }
            copy.finish();
        }
    }

    /** Returns the same directory without forces, because the files of this test need not survive a crash. */
    private static Storage unforced(Storage storage) {
        return (Storage) without("forceDirectory", Storage.class, storage);
    }

    private static Object without(String method, Class<?> type, Object real) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, called, arguments) -> {
            if (called.getName().equals(method)) {
                return null;
            }
            try {
                Object result = called.invoke(real, arguments);
                return result instanceof StorageFile ? without("force", StorageFile.class, result) : result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    private static MemoryStorage log(int segments) throws IOException {
        MemoryStorage storage = new MemoryStorage();
        write(storage, segments);
        return storage;
    }

    private static long usedBytes() {
        Runtime runtime = Runtime.getRuntime();
        System.gc();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
