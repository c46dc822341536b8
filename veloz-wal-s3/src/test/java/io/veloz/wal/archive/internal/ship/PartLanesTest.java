package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Parts that are put at the same time. */
@Timeout(60)
class PartLanesTest {
    private static final String KEY = ArchiveKeys.segment("orders", 1, 1);

    private static final Executor THREADS = task -> new Thread(task).start();

    @TempDir
    Path dir;

    private static List<FileObject> parts(int count) throws IOException {
        List<FileObject> parts = new ArrayList<>();
        try (Wal wal = TestShip.open(new FaultyStorage(1, DiskRules.WORST))) {
            TestShip.append(wal, 1);
            FileObject.Range file =
                    FileObject.Range.whole(wal.files(), wal.files().currentName());
            for (int i = 0; i < count; i++) {
                parts.add(FileObject.read(file, FileObject.Bytes.IGNORED, RateLimiter.UNLIMITED, "p" + i, null));
            }
        }
        return parts;
    }

    /** The barrier is only passed if four puts wait at the same time. */
    @Test
    void fourPartsArePutAtTheSameTime() throws IOException {
        CyclicBarrier four = new CyclicBarrier(4);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Set<String> put = ConcurrentHashMap.newKeySet();
        PartLanes.forEach(parts(16), THREADS, part -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
                four.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IOException(e);
            }
            put.add(part.key());
            running.decrementAndGet();
        });
        assertThat(most).hasValue(4);
        assertThat(put).hasSize(16);
    }

    @Test
    void noPartIsBegunAfterAFailure() throws IOException {
        AtomicInteger begun = new AtomicInteger();
        List<FileObject> parts = parts(6);
        assertThatThrownBy(() -> PartLanes.forEach(parts, Runnable::run, part -> {
                    if (begun.incrementAndGet() == 3) {
                        throw new IOException("away");
                    }
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("away");
        assertThat(begun).hasValue(3);
    }

    /** A put that still runs would run at the same time as its next attempt. */
    @Test
    void putsThatWereBegunAreAwaitedAfterAFailure() throws IOException {
        CyclicBarrier four = new CyclicBarrier(4);
        AtomicInteger running = new AtomicInteger();
        List<FileObject> parts = parts(4);
        assertThatThrownBy(() -> PartLanes.forEach(parts, THREADS, part -> {
                    running.incrementAndGet();
                    try {
                        boolean fails = four.await(30, TimeUnit.SECONDS) == 0;
                        if (fails) {
                            throw new IOException("away");
                        }
                        Thread.onSpinWait();
                    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                        throw new IOException(e);
                    } finally {
                        running.decrementAndGet();
                    }
                }))
                .hasMessage("away");
        assertThat(running).hasValue(0);
    }

    @ParameterizedTest
    @EnumSource(names = {"FAIL", "LOSE_ANSWER", "LATE"})
    void failedPutOfAnyPartIsRepeatedWhileOthersRun(Fault fault) throws IOException {
        try (Wal wal = SmallLog.open(dir)) {
            SmallLog.append(wal, 400);
        }
        int count = upload().stated().parts().size();
        assertThat(count).isGreaterThan(5);
        for (int number = 1; number <= count; number++) {
            String failing = ArchiveKeys.part(KEY, number, count);
            FileUpload upload = upload();
            HeapStore store = new HeapStore(number).with(EncryptionKeys.NONE);
            Map<String, Integer> puts = new ConcurrentHashMap<>();
            HeapStore client = store.client(request -> {
                int sent = request.kind() == Kind.PUT ? puts.merge(request.key(), 1, Integer::sum) : 0;
                return sent == 1 && request.key().equals(failing) ? fault : null;
            });
            assertThatThrownBy(() -> upload.put(client, THREADS)).isInstanceOf(IOException.class);
            upload.put(client, THREADS);
            assertThat(puts).hasSize(count);
            puts.forEach((key, sent) -> assertThat(sent).as(key).isEqualTo(key.equals(failing) ? 2 : 1));
            for (StoredFrame part : upload.stated().parts()) {
                assertThat(Digest.of(store.objects().get(part.key()))).isEqualTo(part.objectSha256());
            }
        }
    }

    private FileUpload upload() throws IOException {
        LogFiles files = LogFiles.of(dir);
        return FileUpload.read(
                files, files.sealedName(1), RateLimiter.UNLIMITED, KEY, new PartLayout(2048), () -> null);
    }

    @Test
    void threadThatCannotBeStartedIsNotNeeded() throws IOException {
        Set<String> put = ConcurrentHashMap.newKeySet();
        Executor none = task -> {
            throw new OutOfMemoryError("unable to create native thread");
        };
        PartLanes.forEach(parts(6), none, part -> put.add(part.key()));
        assertThat(put).hasSize(6);
    }
}
