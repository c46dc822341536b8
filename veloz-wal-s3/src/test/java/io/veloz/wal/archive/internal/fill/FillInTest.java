package io.veloz.wal.archive.internal.fill;

import static io.veloz.wal.archive.internal.restore.ManySegments.RECORDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.care.CareWriter;
import io.veloz.wal.archive.internal.fill.FillIn.End;
import io.veloz.wal.archive.internal.fill.FillIn.Result;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Gap;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.CrashingDirectories;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.ManySegments;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The second phase of a restore in two times. */
@Tag("enumeration")
@Timeout(120)
class FillInTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private List<Entry> all = List.of();
    private Path restored;
    private Path target;
    private long begin;

    @BeforeEach
    void restore() throws IOException {
        ManySegments.make(store, dir.resolve("source"));
        all = SmallLog.read(dir.resolve("source"));
        restored = dir.resolve("restored");
        DirectRestore.restore(store, RestoreOptions.into(restored).fromCheckpoint());
        target = copy("target");
        begin = LogFiles.of(target).olderSegments().firstSegment();
        assertThat(begin).isGreaterThan(4);
    }

    private Path copy(String name) throws IOException {
        Path to = Files.createDirectory(dir.resolve(name));
        try (Stream<Path> files = Files.list(restored)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    private Result fill(ObjectStore from, Storage storage, BooleanSupplier stopped) throws IOException {
        LogFiles files = LogFiles.of(storage, "orders");
        RestoreOptions options = RestoreOptions.into(target).parallelism(2);
        return new FillIn(from, new Retries(n -> {}), files, files.olderSegments(), options, 0, stopped).run();
    }

    private Result fill(ObjectStore from) throws IOException {
        return fill(from, DiskStorage.open(target), () -> false);
    }

    private Result fill() throws IOException {
        return fill(store);
    }

    private void assertSound() {
        List<Entry> found = SmallLog.read(target);
        assertThat(found).isEqualTo(all.subList((int) found.get(0).sequence() - 1, all.size()));
        assertThat(WalRecovery.verify(ReadOptions.of(target), (done, total) -> {})
                        .isSound())
                .isTrue();
    }

    private void assertWhole() throws IOException {
        assertSound();
        assertThat(SmallLog.read(target)).hasSize(RECORDS);
        assertThat(LogFiles.of(target).olderSegments().isPending()).isFalse();
        try (Stream<Path> files = Files.list(target)) {
            assertThat(files).noneMatch(file -> file.toString().endsWith(".tmp"));
        }
    }

    @Test
    void everySegmentThatWasLeftIsFilledIn() throws IOException {
        Result result = fill();
        assertThat(result.end()).isEqualTo(End.COMPLETE);
        assertThat(result.filled()).isEqualTo(begin - 1);
        assertThat(result.firstSequence()).isEqualTo(1);
        assertWhole();
        assertThat(fill().end()).isEqualTo(End.NOT_PENDING);
        try (Wal wal = SmallLog.open(target)) {
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(RECORDS + 1);
        }
    }

    @Test
    void segmentsAreFetchedTheNewestFirst() throws IOException {
        List<String> fetched = new ArrayList<>();
        HeapStore client = store.client(request -> {
            if (request.kind() == HeapStore.Kind.GET && request.key().startsWith(ArchiveKeys.SEGMENTS)) {
                fetched.add(request.key());
            }
            return null;
        });
        LogFiles files = LogFiles.of(target);
        RestoreOptions options = RestoreOptions.into(target).parallelism(1);
        new FillIn(client, new Retries(n -> {}), files, files.olderSegments(), options, 0, () -> false).run();
        assertThat(fetched).hasSize((int) begin - 1).isSortedAccordingTo((a, b) -> b.compareTo(a));
    }

    @Test
    void stoppedFillContinuesInTheNextRun() throws IOException {
        Result first = fill(store, DiskStorage.open(target), () -> firstSegment() == begin - 2);
        assertThat(first.end()).isEqualTo(End.STOPPED);
        assertThat(first.filled()).isEqualTo(2);
        assertThat(first.left()).hasSize((int) begin - 3);
        assertSound();
        assertThat(SmallLog.read(target).get(0).sequence()).isEqualTo(first.firstSequence());
        assertThat(fill().end()).isEqualTo(End.COMPLETE);
        assertWhole();
    }

    private long firstSegment() {
        try {
            return LogFiles.of(target).olderSegments().firstSegment();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertNoTemporaryFile() throws IOException {
        try (Stream<Path> files = Files.list(target)) {
            assertThat(files).noneMatch(file -> file.toString().endsWith(".tmp"));
        }
    }

    @Test
    void stoppedFillMakesNoFurtherRequestAndLeavesNoFile() throws IOException {
        HeapStore whole = store.client(Plan.NONE);
        fill(whole);
        long requests = whole.requests();
        assertThat(requests).isGreaterThan(20);
        for (int n = 1; n <= requests; n += 3) {
            target = copy("stop-" + n);
            int at = n;
            AtomicBoolean stopped = new AtomicBoolean();
            AtomicInteger after = new AtomicInteger();
            HeapStore client = store.client(request -> {
                after.addAndGet(stopped.get() ? 1 : 0);
                stopped.compareAndSet(false, request.number() == at);
                return null;
            });
            Result result = fill(client, DiskStorage.open(target), stopped::get);
            assertThat(after.get()).as("after request " + n).isLessThanOrEqualTo(2);
            assertThat(result.end()).as("request " + n).isIn(End.STOPPED, End.COMPLETE);
            assertNoTemporaryFile();
            assertSound();
        }
        assertThat(fill().end()).isEqualTo(End.COMPLETE);
        assertWhole();
    }

    @Test
    void stopIsReportedAlsoIfTheTemporaryFilesCannotBeDeleted() throws IOException {
        AtomicBoolean stopped = new AtomicBoolean();
        HeapStore client = store.client(request -> {
            // The request after this one is not made.
            stopped.compareAndSet(false, request.key().startsWith(ArchiveKeys.SEGMENTS));
            return null;
        });
        AtomicBoolean failed = new AtomicBoolean();
        Storage broken = new ForwardingStorage(DiskStorage.open(target)) {
            @Override
            public List<String> list() throws IOException {
                if (stopped.get() && failed.compareAndSet(false, true)) {
                    throw new IOException("the disk does not answer");
                }
                return super.list();
            }
        };
        Result result = fill(client, broken, stopped::get);
        assertThat(result.end()).isEqualTo(End.STOPPED);
        assertThat(result.notes()).anyMatch(note -> note.contains("the disk does not answer"));
        assertThat(fill().end()).isEqualTo(End.COMPLETE);
        assertWhole();
    }

    @Test
    void filesOfALogThatIsClosedAreNotReadForAStart() throws IOException {
        LogFiles files = LogFiles.of(target);
        OlderSegments open = files.olderSegments();
        AtomicBoolean isRead = new AtomicBoolean();
        OlderSegments closed = new OlderSegments() {
            @Override
            public boolean isPending() throws IOException {
                return open.isPending();
            }

            @Override
            public long firstSegment() throws IOException {
                isRead.set(true);
                return open.firstSegment();
            }

            @Override
            public long firstSequence() throws IOException {
                return open.firstSequence();
            }

            @Override
            public void checkOpen() {
                throw new IllegalStateException("closed");
            }

            @Override
            public String temporaryName(long number) {
                return open.temporaryName(number);
            }

            @Override
            public boolean add(long number) throws IOException {
                checkOpen();
                return open.add(number);
            }

            @Override
            public void end() throws IOException {
                checkOpen();
            }
        };
        boolean[] wasRead = {true};
        HeapStore client = store.client(request -> {
            wasRead[0] &= isRead.get();
            return null;
        });
        RestoreOptions options = RestoreOptions.into(target);
        Result result = new FillIn(client, new Retries(n -> {}), files, closed, options, 0, () -> false).run();
        assertThat(wasRead[0]).isFalse();
        assertThat(result.end()).isEqualTo(End.STOPPED);
    }

    @Test
    void fillThatFailsLeavesNoFile() throws IOException {
        HeapStore denied = store.client(request -> request.key().contains("_0000000000000002.") ? Fault.DENY : null);
        assertThatThrownBy(() -> fill(denied)).isInstanceOf(IOException.class);
        assertNoTemporaryFile();
        assertSound();
    }

    @Test
    void filesOfAFillThatDiedAreDeletedAlsoIfTheStoreIsUnavailable() throws IOException {
        assertThatThrownBy(() -> fill(store, new CrashingDirectories("rename").open(target), () -> false))
                .isInstanceOf(IOException.class);
        try (Stream<Path> files = Files.list(target)) {
            assertThat(files).anyMatch(file -> file.toString().endsWith(".tmp"));
        }
        assertThatThrownBy(() -> fill(store.client(request -> Fault.FAIL))).isInstanceOf(IOException.class);
        assertNoTemporaryFile();
        assertThat(fill().end()).isEqualTo(End.COMPLETE);
        assertWhole();
    }

    @Test
    void segmentThatWasFetchedIsNotFetchedAgain() throws IOException {
        assertThatThrownBy(() -> fill(store, new CrashingDirectories("rename").open(target), () -> false))
                .isInstanceOf(IOException.class);
        Result result = fill();
        assertThat(result.reused()).isBetween(1, 2);
        assertThat(result.filled()).isEqualTo(begin - 1);
        assertWhole();
    }

    @Test
    void crashAtEveryChangeOfTheDisk() throws IOException {
        for (int n = 2; ; n++) {
            target = copy("change-" + n);
            boolean crashed = false;
            try {
                fill(store, new CrashingDirectories(n).open(target), () -> false);
            } catch (IOException | WalRestoreException e) {
                crashed = true;
                assertSound();
                if (n % 2 == 0) {
                    // An engine may open the log before the fill continues.
                    SmallLog.open(target).close();
                }
                fill();
            }
            assertWhole();
            if (!crashed) {
                assertThat(n).isGreaterThan(30);
                return;
            }
        }
    }

    @Test
    void crashAtEveryRequest() throws IOException {
        for (int n = 1; ; n++) {
            target = copy("request-" + n);
            HeapStore client = store.client(Plan.at(n, Fault.DIE_BEFORE));
            boolean crashed = false;
            try {
                fill(client);
            } catch (IOException e) {
                crashed = true;
                assertSound();
                fill();
            }
            assertWhole();
            if (!crashed) {
                assertThat(n).isGreaterThan(8);
                return;
            }
        }
    }

    @Test
    void anyRequestCanFailOnce() throws IOException {
        HeapStore client = store.client(request -> request.number() % 2 == 1 ? Fault.FAIL : null);
        assertThat(fill(client).end()).isEqualTo(End.COMPLETE);
        assertWhole();
    }

    @Test
    void damagedObjectIsNamedAndWhatWasFilledInStays() throws IOException {
        String key = ArchiveKeys.segment("orders", begin - 2, 1);
        byte[] whole = store.objects().get(key);
        byte[] damaged = whole.clone();
        damaged[damaged.length / 2] ^= 1;
        store.damage(key, damaged);
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, this::fill);
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(key);
        assertThat(refused).hasMessageContaining("put it back");
        assertSound();
        assertThat(LogFiles.of(target).olderSegments().firstSegment()).isEqualTo(begin - 1);
        store.damage(key, whole);
        assertThat(fill().end()).isEqualTo(End.COMPLETE);
        assertWhole();
    }

    private void acknowledge(Gap lost) throws IOException {
        Retries retries = new Retries(n -> {});
        LogIdentity identity = new ShipLog(store).identity().orElseThrow();
        new CareWriter(store, retries, identity, Clock.systemUTC(), "host")
                .put(Kind.VERIFIED, tip -> tip.state().acknowledging(lost));
    }

    private Segment archived(long number) throws IOException {
        ShipLog log = new ShipLog(store);
        return new Prover(log, log.identity().orElseThrow(), new Retries(n -> {}), 1, slots -> {})
                .prove(Long.MAX_VALUE).segments().stream()
                        .filter(segment -> segment.number() == number)
                        .findFirst()
                        .orElseThrow();
    }

    @Test
    void acknowledgedLossEndsTheFillAboveIt() throws IOException {
        Segment lost = archived(begin - 2);
        store.remove(lost.key());
        acknowledge(new Gap(lost.firstSequence(), lost.lastSequence()));
        Result result = fill();
        assertThat(result.end()).isEqualTo(End.LOST);
        assertThat(result.filled()).isEqualTo(1);
        assertThat(result.firstSequence()).isEqualTo(lost.lastSequence() + 1);
        assertThat(result.left()).isEmpty();
        assertThat(result.notes()).anyMatch(note -> note.contains("are lost, as acknowledged"));
        assertSound();
        assertNoTemporaryFile();
        HeapStore later = store.client(Plan.NONE);
        assertThat(fill(later).end()).isEqualTo(End.NOT_PENDING);
        assertThat(later.requests()).isZero();
    }

    @Test
    void rangeWithAnIntactSegmentDoesNotEndTheFill() throws IOException {
        Segment lost = archived(begin - 2);
        store.remove(lost.key());
        acknowledge(new Gap(lost.firstSequence(), archived(begin - 1).lastSequence()));
        assertThat(catchThrowableOfType(WalRestoreException.class, this::fill).reason())
                .isEqualTo(Reason.DAMAGED);
        assertThat(LogFiles.of(target).olderSegments().isPending()).isTrue();
    }

    @Test
    void archiveOfAnotherLogIsRefused() throws IOException {
        HeapStore other = new HeapStore();
        ManySegments.make(other, dir.resolve("other"));
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, () -> fill(other));
        assertThat(refused.reason()).isEqualTo(Reason.OTHER_LOG);
        assertThat(refused).hasMessageContaining("fill in from that archive");
        assertSound();
    }

    @Test
    void archiveThatWasRolledBackIsRefusedAndTheFillStaysPending() throws IOException {
        Map<String, byte[]> lost = new HashMap<>();
        store.objects().forEach((key, bytes) -> {
            // Slot 1 is the epoch, and slots 2 and 3 are segments 1 and 2.
            boolean isNewSlot = key.startsWith(ArchiveKeys.SLOTS) && ArchiveKeys.slotNumber(key) > 3;
            boolean isNewSegment = ArchiveKeys.segmentKey(key)
                    .filter(segment -> segment.number() > 2)
                    .isPresent();
            if (isNewSlot || isNewSegment || key.startsWith(ArchiveKeys.ATTACHMENTS)) {
                lost.put(key, bytes);
            }
        });
        lost.keySet().forEach(store::remove);
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, this::fill);
        assertThat(refused.reason()).isEqualTo(Reason.ARCHIVE_TOO_SHORT);
        assertThat(refused).hasMessageContaining("segment 3 to " + (begin - 1));
        assertThat(LogFiles.of(target).olderSegments().isPending()).isTrue();
        assertThat(LogFiles.of(target).olderSegments().firstSegment()).isEqualTo(begin);
        assertSound();
        lost.forEach(store::damage);
        assertThat(fill().end()).isEqualTo(End.COMPLETE);
        assertWhole();
    }

    @Test
    void spaceThatTheLogNeedsIsNotUsed() {
        LogFiles files = LogFiles.of(target);
        FillIn fill = new FillIn(
                store,
                new Retries(n -> {}),
                files,
                files.olderSegments(),
                RestoreOptions.into(target),
                Long.MAX_VALUE / 2,
                () -> false);
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, fill::run);
        assertThat(refused.reason()).isEqualTo(Reason.NO_SPACE);
        assertThat(refused).hasMessageContaining("stay free for the log");
    }

    @Test
    void damagedStateIsRefusedWithTheNextStep() throws IOException {
        Files.writeString(target.resolve(".orders_fill"), "{");
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, this::fill);
        assertThat(refused.reason()).isEqualTo(Reason.TARGET_UNUSABLE);
        assertThat(refused).hasMessageContaining("remove the file");
        assertSound();
    }
}
