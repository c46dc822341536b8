package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ShipperStatus.State;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.store.ForwardingStore;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.HeapStore.Request;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Backoff, events and the number of requests over hours, which {@link ShipRig} simulates. */
@Timeout(120)
class ShipLoopTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();
    private final Random random = new Random(1);
    private Wal wal;

    @BeforeEach
    void open() {
        wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(64 * 1024)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build());
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private ShipRig rig(ShipperConfig.Builder config, ObjectStore store) {
        return new ShipRig(config, LocalLog.of(wal), store);
    }

    private ShipRig rig() {
        return rig(config(), heap);
    }

    private ShipperConfig.Builder config() {
        return ShipperConfig.builder(heap).maxTailBytes(8 * 1024).closeTimeout(SECOND);
    }

    /** Payloads that do not compress. */
    private long append(int count) {
        byte[] payload = new byte[100];
        for (int i = 1; i < count; i++) {
            random.nextBytes(payload);
            var unused = wal.appendAsync(1, ByteBuffer.wrap(payload));
        }
        return wal.appendDurable(1, ByteBuffer.wrap(payload));
    }

    private static boolean isSlotPut(Request request) {
        return request.kind() == Kind.PUT && request.key().startsWith("ship/");
    }

    private static boolean isObjectPut(Request request) {
        return request.kind() == Kind.PUT && request.key().startsWith("segments/");
    }

    @Test
    void deniedPutsAreRetriedEveryMinuteAndRaiseOneEvent() {
        ShipRig rig = rig();
        append(10);
        rig.at(MINUTE, () -> {
            heap.plan(request -> isSlotPut(request) ? Fault.DENY : null);
            append(1);
        });
        rig.run(HOUR);
        // Full jitter with a maximum of 60 s: about 120 puts.
        assertThat(rig.counts.puts()).isBetween(60L, 200L);
        assertThat(rig.requests()).isLessThan(450);
        assertThat(rig.events).filteredOn(event -> event.startsWith("trouble")).containsExactly("trouble");
    }

    @Test
    void putsThatFailWhileReadsSucceedAreRetriedAfterAtMostTwentySeconds() {
        ShipRig rig = rig();
        append(10);
        rig.at(MINUTE, () -> heap.plan(request -> isSlotPut(request) ? Fault.FAIL : null));
        rig.at(MINUTE.plus(SECOND), () -> append(10));
        rig.at(HOUR.plus(MINUTE), () -> heap.plan(Plan.NONE));
        rig.at(HOUR.plusMinutes(2), () -> assertThat(rig.state.status().state()).isEqualTo(State.SHIPPING));
        rig.run(HOUR.plusMinutes(3));
        assertThat(rig.counts.puts()).isBetween(180L, 500L);
        assertThat(rig.events)
                .filteredOn(event -> event.startsWith("trouble"))
                .containsExactly("trouble", "trouble ended");
        assertThat(rig.state.archivedSequence()).isEqualTo(20);
    }

    @Test
    void fileOfTheDirectoryThatCannotBeReplacedIsTroubleUntilItIs() {
        ShipRig rig = rig();
        append(10);
        List<StorageLock> locks = new ArrayList<>();
        rig.at(MINUTE, () -> {
            locks.add(lockOfTheDirectoryFile());
            append(10);
            wal.roll();
        });
        rig.at(MINUTE.plusSeconds(30), () -> {
            assertThat(rig.state.status().state()).isEqualTo(State.TROUBLE);
            assertThat(rig.state.status().lastError()).contains("another shipper replaces ");
            assertThat(rig.state.archivedSequence()).isEqualTo(wal.durableSequence());
        });
        rig.at(MINUTE.plusSeconds(40), () -> {
            try {
                locks.get(0).close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        rig.at(
                MINUTE.multipliedBy(4),
                () -> assertThat(rig.state.status().state()).isEqualTo(State.SHIPPING));
        rig.run(MINUTE.multipliedBy(5));
        assertThat(rig.events)
                .filteredOn(event -> event.startsWith("trouble"))
                .containsExactly("trouble", "trouble ended");
    }

    private StorageLock lockOfTheDirectoryFile() {
        Path log = dir.resolve("log");
        try (Stream<Path> files = Files.list(log)) {
            String name = files.map(file -> file.getFileName().toString())
                    .filter(file -> file.matches("\\..*_archive_[0-9a-f]{16}"))
                    .findFirst()
                    .orElseThrow();
            return DiskStorage.open(log).lock(name + ".lock");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void failedUploadsAreReportedWhileTailsAreShipped() {
        heap.plan(request -> isObjectPut(request) ? Fault.DENY : null);
        ShipRig rig = rig();
        for (int minute = 1; minute < 60; minute++) {
            rig.at(MINUTE.multipliedBy(minute), () -> append(100));
        }
        rig.at(HOUR, () -> {
            assertThat(rig.state.status().state()).isEqualTo(State.TROUBLE);
            assertThat(rig.state.archivedSequence()).isEqualTo(wal.durableSequence());
        });
        rig.run(HOUR.plusSeconds(1));
        assertThat(rig.events).filteredOn(event -> event.startsWith("trouble")).containsExactly("trouble");
        assertThat(rig.state.status().errors()).isLessThan(200);
    }

    @Test
    void putOfASlotThatExistsAndCannotBeReadIsRetriedWithBackoff() {
        ObjectStore contradicting = new ContradictingStore(heap, "ship/00000000000000000002");
        ShipRig rig = rig(config(), contradicting);
        append(10);
        rig.run(HOUR);
        assertThat(rig.requests()).isLessThan(1500);
        assertThat(rig.state.status().lastError()).contains("a read does not find it");
        assertThat(rig.events).contains("trouble").doesNotContain("trouble ended");
    }

    @Test
    void claimOfASlotThatExistsAndCannotBeReadIsRetriedWithBackoff() {
        ShipRig rig = rig(config(), new ContradictingStore(heap, "ship/00000000000000000001"));
        rig.run(HOUR);
        assertThat(rig.requests()).isLessThan(1500);
        assertThat(rig.events).containsExactly("trouble");
    }

    @Test
    void idleShipperMakesNoRequestsExceptTheFenceCheck() {
        ShipRig rig = rig();
        append(10);
        long[] start = new long[4];
        rig.at(MINUTE, () -> {
            start[0] = rig.requests();
            start[1] = rig.counts.puts();
            start[2] = rig.counts.lists();
        });
        rig.at(HOUR, () -> {
            assertThat(rig.requests() - start[0]).isBetween(100L, 240L);
            assertThat(rig.counts.puts()).isEqualTo(start[1]);
            assertThat(rig.counts.lists()).isEqualTo(start[2]);
        });
        rig.run(HOUR);
        assertThat(start[0]).isLessThan(20);
    }

    @Test
    void idleShipperListsTheLogOnceInTenIntervals() throws IOException {
        AtomicLong lists = new AtomicLong();
        Storage storage = new ForwardingStorage(DiskStorage.open(Files.createDirectory(dir.resolve("counted")))) {
            @Override
            public List<String> list() throws IOException {
                lists.incrementAndGet();
                return super.list();
            }
        };
        try (Wal counted = Wal.open(WalConfig.builder(storage).build())) {
            counted.appendDurable(1, ByteBuffer.allocate(100));
            ShipRig rig = new ShipRig(config(), LocalLog.of(counted), heap);
            long[] start = new long[1];
            rig.at(MINUTE, () -> start[0] = lists.get());
            // Every minute a poll for a checkpoint lists as well.
            rig.at(HOUR, () -> assertThat(lists.get() - start[0]).isBetween(300L, 59 * 12L));
            rig.run(HOUR);
        }
    }

    @Test
    void segmentThatIsSealedAfterAllItsRecordsAreInTailsIsArchivedWithinTenIntervals() {
        ShipRig rig = rig();
        append(10);
        rig.at(MINUTE, () -> {
            assertThat(rig.state.archivedSequence()).isEqualTo(10);
            wal.roll();
        });
        rig.run(MINUTE.plusSeconds(11));
        assertThat(heap.objects().keySet()).anyMatch(key -> key.startsWith("segments/"));
    }

    @Test
    void recordAfterAnIdleHourIsArchivedInTheNextInterval() {
        ShipRig rig = rig();
        append(10);
        rig.at(HOUR, () -> append(1));
        rig.at(
                HOUR.plusMillis(1100),
                () -> assertThat(rig.state.archivedSequence()).isEqualTo(11));
        rig.run(HOUR.plus(MINUTE));
    }

    @Test
    void idleWriterDetectsWithinThirtySecondsThatItIsFenced() {
        ShipRig rig = rig();
        append(10);
        rig.at(Duration.ofMinutes(10), () -> rig().run(SECOND));
        rig.run(HOUR);
        assertThat(rig.events).containsExactly("fenced by epoch 2");
        assertThat(rig.state.status().state()).isEqualTo(State.FENCED);
        assertThat(rig.now()).isLessThan(Duration.ofSeconds(632));
    }

    @Test
    void callerThatWaitsForAnArchivedRecordTriggersAFenceCheck() {
        ShipRig rig = rig();
        append(10);
        rig.at(Duration.ofSeconds(15), () -> rig().run(SECOND));
        rig.at(Duration.ofSeconds(16), rig.state::requestFenceCheck);
        rig.run(HOUR);
        assertThat(rig.now()).isLessThan(Duration.ofSeconds(18));
        assertThat(rig.events).containsExactly("fenced by epoch 2");
    }

    @Test
    void failedFenceCheckIsReportedUntilOneSucceeds() {
        ShipRig rig = rig();
        append(10);
        rig.at(MINUTE, () -> heap.plan(request -> Fault.FAIL));
        rig.at(MINUTE.multipliedBy(10), () -> heap.plan(Plan.NONE));
        rig.run(MINUTE.multipliedBy(20));
        assertThat(rig.events).containsExactly("trouble", "trouble ended");
    }

    @Test
    void writerWhoseLastSlotIsMissingIsRefusedAndPutsNothingMore() {
        ShipRig rig = rig();
        append(10);
        rig.at(MINUTE, () -> heap.remove("ship/00000000000000000002"));
        rig.run(HOUR);
        assertThat(rig.events).containsExactly("trouble", "refused BROKEN");
        assertThat(heap.objects()).containsOnlyKeys("log.json", "ship/00000000000000000001");
    }

    @Test
    void lagBeyondTheBoundIsReportedWhenItIsReachedAndWhenItEnds() {
        ShipRig rig = rig(config().lagBound(Duration.ofMinutes(5)), heap);
        append(10);
        rig.at(MINUTE, () -> heap.plan(request -> Fault.FAIL));
        rig.at(MINUTE.plus(SECOND), () -> append(1));
        rig.at(HOUR, () -> heap.plan(Plan.NONE));
        rig.run(HOUR.plus(MINUTE));
        assertThat(rig.events)
                .filteredOn(event -> event.startsWith("lagging"))
                .hasSize(2)
                .last()
                .isEqualTo("lagging ended");
        long at = Long.parseLong(rig.events.stream()
                .filter(event -> event.startsWith("lagging at "))
                .findFirst()
                .orElseThrow()
                .substring("lagging at ".length()));
        assertThat(at).isBetween(359L, 364L);
    }

    @Test
    void spoolBeyondItsBudgetIsReportedAndKept() {
        heap.plan(request -> isObjectPut(request) ? Fault.FAIL : null);
        ShipRig rig = rig(config().spoolPolicy(SpoolPolicy.keep(100 * 1024)), heap);
        wal.addTrimGuard(rig.state.guard());
        rig.at(SECOND, () -> append(400));
        rig.at(MINUTE, () -> assertThat(rig.events).doesNotContain("over budget"));
        rig.at(MINUTE.plus(SECOND), () -> append(1600));
        rig.at(MINUTE.multipliedBy(2), () -> {
            assertThat(rig.events).containsOnlyOnce("over budget");
            wal.writeCheckpoint(1900, out -> out.write(1));
            wal.writeCheckpoint(2000, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isEmpty();
        });
        rig.run(MINUTE.multipliedBy(3));
        assertThat(rig.events).containsOnlyOnce("over budget");
    }

    @Test
    void uploadsStayWithinTheRateLimit() {
        append(2000);
        ShipRig rig = rig(config().uploadBytesPerSecond(1024), heap);
        rig.run(HOUR);
        long stored = heap.objects().entrySet().stream()
                .filter(object -> object.getKey().startsWith("segments/"))
                .mapToLong(object -> object.getValue().length)
                .sum();
        assertThat(stored).isGreaterThan(150 * 1024);
        assertThat(rig.uploadedAt).isGreaterThan(Duration.ofSeconds(stored / 1024 - 1));
    }

    @Test
    void tailsAreShippedWhileAnUploadIsSlow() {
        append(3000);
        ShipRig rig = rig();
        rig.holdUploads();
        rig.at(
                Duration.ofMillis(1900),
                () -> assertThat(rig.state.archivedSequence()).isZero());
        rig.at(MINUTE, () -> {
            assertThat(rig.state.archivedSequence()).isEqualTo(3000);
            append(10);
        });
        rig.at(
                MINUTE.plusSeconds(2),
                () -> assertThat(rig.state.archivedSequence()).isEqualTo(3010));
        rig.at(MINUTE.multipliedBy(2), rig::endUploads);
        rig.run(MINUTE.multipliedBy(3));
        assertThat(rig.state.status().spoolBytes()).isZero();
        assertThat(new ArchiveVerifier(heap).full((done, total) -> {}).isSound())
                .isTrue();
    }

    @Test
    void tailsOfABacklogStayWithinTheRateLimit() {
        append(3000);
        ShipRig rig = rig(config().uploadBytesPerSecond(2048), heap);
        rig.holdUploads();
        rig.run(MINUTE);
        long slots = heap.objects().entrySet().stream()
                .filter(object -> object.getKey().startsWith("ship/"))
                .mapToLong(object -> object.getValue().length)
                .sum();
        assertThat(slots).isBetween(40L * 1024, 150L * 1024);
    }

    @Test
    void restartAfterACrashLoopContinuesAfterAFailedRead() {
        append(10);
        int restarts = 60;
        for (int i = 0; i < restarts; i++) {
            rig().run(SECOND);
        }
        append(10);
        HeapStore client = heap.client(request -> request.number() % 33 == 0 ? Fault.FAIL : null);
        ShipRig rig = rig(config(), client);
        rig.run(MINUTE.multipliedBy(5));
        assertThat(rig.state.archivedSequence()).isEqualTo(20);
        // Two searches, for the end of the archive and along the kept slots, once each; then one for tails to delete.
        assertThat(client.requests()).isLessThan(3 * restarts + 70);
    }

    @Test
    void lagIsMeasuredWhileAnotherProcessWrites() {
        heap.plan(request -> isSlotPut(request) ? Fault.FAIL : null);
        ShipRig rig = new ShipRig(config(), LocalLog.of(wal.files()), heap);
        rig.at(MINUTE, () -> {
            append(1000);
            wal.close();
        });
        rig.at(MINUTE.multipliedBy(2), () -> {
            assertThat(rig.state.status().lagRecords()).isEqualTo(1000);
            assertThat(rig.state.status().lag()).isGreaterThan(Duration.ofSeconds(55));
        });
        rig.run(MINUTE.multipliedBy(3));
        assertThat(rig.events).filteredOn(event -> event.startsWith("lagging")).hasSize(1);
        assertThat(rig.state.status().lagRecords()).isEqualTo(1000);
    }

    @Test
    void closeReportsRecordsThatAreNotArchivedWhileAnotherProcessWrites() {
        ShipRig rig = new ShipRig(config(), LocalLog.of(wal.files()), heap);
        rig.at(MINUTE, () -> {
            heap.plan(request -> isSlotPut(request) ? Fault.FAIL : null);
            append(50);
            wal.close();
            rig.state.close();
        });
        rig.run(HOUR);
        assertThat(rig.state.status().lagRecords()).isEqualTo(50);
    }

    /** A store that refuses to put one key because it exists, but does not find it on a read. */
    private static final class ContradictingStore extends ForwardingStore {
        private final String key;

        ContradictingStore(HeapStore store, String key) {
            super(store);
            this.key = key;
        }

        @Override
        public boolean putIfAbsent(String put, ObjectContent content) throws StoreException {
            return !put.equals(key) && super.putIfAbsent(put, content);
        }

        @Override
        public InputStream get(String requested) throws StoreException {
            if (requested.equals(key)) {
                throw new NoSuchObjectException(requested, null);
            }
            return super.get(requested);
        }
    }
}
