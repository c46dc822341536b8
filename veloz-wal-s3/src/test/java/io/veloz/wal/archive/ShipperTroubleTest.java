package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Durability;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.ShipperStatus.State;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Request;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Failures of a shipper: errors, hanging requests, a close during a failure, a log that is closed first. */
@Timeout(120)
class ShipperTroubleTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();

    private Wal open() {
        return Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(64 * 1024)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .build());
    }

    /** Returns settings with a flush interval so long that only requested records are shipped. */
    private static ShipperConfig.Builder config(ObjectStore store) {
        return ShipperConfig.builder(store).flushInterval(Duration.ofHours(1)).maxTailBytes(8 * 1024);
    }

    private static long append(Wal wal, int count) {
        long last = 0;
        for (int i = 0; i < count; i++) {
            last = wal.appendDurable(1, ByteBuffer.allocate(100));
        }
        return last;
    }

    private static Predicate<Request> first(Predicate<Request> which) {
        AtomicBoolean done = new AtomicBoolean();
        return request -> which.test(request) && done.compareAndSet(false, true);
    }

    private void failOnce(Predicate<Request> which) {
        Predicate<Request> once = first(which);
        heap.plan(request -> once.test(request) ? Fault.FAIL : null);
    }

    private static boolean isSegmentPut(Request request) {
        return request.kind() == Kind.PUT && request.key().startsWith("segments/");
    }

    @Test
    void failedUploadIsRetriedBeforeTheNextFlush() {
        failOnce(ShipperTroubleTest::isSegmentPut);
        try (Wal wal = open()) {
            long sequence = append(wal, 2000);
            try (WalShipper shipper = WalShipper.start(wal, config(heap).build())) {
                assertThat(shipper.awaitArchived(sequence, LONG)).isTrue();
            }
        }
    }

    @Test
    void closeRetriesAFailedUpload() {
        failOnce(ShipperTroubleTest::isSegmentPut);
        try (Wal wal = open()) {
            long sequence = append(wal, 2000);
            WalShipper shipper =
                    WalShipper.start(wal, config(heap).closeTimeout(LONG).build());
            assertThat(shipper.stop().archivedSequence()).isEqualTo(sequence);
        }
    }

    @Test
    void errorInTheStoreDoesNotEndShipping() {
        // Few, as the pause after each is longer than the one before.
        Set<Integer> failing = Set.of(3, 6, 9);
        AtomicInteger requests = new AtomicInteger();
        ObjectStore store = new Wrapped(heap, () -> {
            if (failing.contains(requests.incrementAndGet())) {
                throw new NoClassDefFoundError("in the store");
            }
        });
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config(store).build())) {
            assertThat(shipper.awaitArchived(append(wal, 10), LONG)).isTrue();
            assertThat(shipper.status().errors()).isPositive();
            assertThat(shipper.status().lastError()).contains("in the store");
        }
    }

    @Test
    void errorInTheListenerDoesNotEndShipping() {
        ShipperListener listener = new ShipperListener() {
            @Override
            public void onTrouble(String error) {
                throw new AssertionError("in the listener");
            }

            @Override
            public void onArchived(long sequence) {
                throw new StackOverflowError("in the listener");
            }
        };
        failOnce(request -> true);
        try (Wal wal = open();
                WalShipper shipper =
                        WalShipper.start(wal, config(heap).listener(listener).build())) {
            assertThat(shipper.awaitArchived(append(wal, 10), LONG)).isTrue();
            assertThat(shipper.awaitArchived(append(wal, 10), LONG)).isTrue();
        }
    }

    @Test
    void storeWithoutPutIfAbsentIsRefused() {
        ObjectStore store = new Wrapped(heap, () -> {}) {
            @Override
            public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                delete(List.of(key));
                return super.putIfAbsent(key, content);
            }
        };
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config(store).build())) {
            long sequence = append(wal, 10);
            assertThatThrownBy(() -> shipper.awaitArchived(sequence, LONG))
                    .isInstanceOfSatisfying(
                            WalShippingRefusedException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.STORE_UNFIT));
            assertThat(heap.objects()).containsOnlyKeys("log.json");
        }
    }

    @Test
    void storeThatDeniesDeletesDoesNotBlockShipping() {
        heap.plan(request -> request.kind() == Kind.DELETE ? Fault.DENY : null);
        ShipperConfig config = config(heap).tailGrace(Duration.ofNanos(1)).build();
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config)) {
            for (int i = 0; i < 30; i++) {
                assertThat(shipper.awaitArchived(append(wal, 100), LONG)).isTrue();
            }
            assertThat(shipper.status().requests().deletes()).isLessThanOrEqualTo(2);
        }
    }

    @Test
    void logMayBeClosedBeforeTheShipper() {
        Wal wal = open();
        WalShipper shipper = WalShipper.start(
                wal, config(heap).closeTimeout(Duration.ofMillis(100)).build());
        assertThat(shipper.awaitArchived(append(wal, 10), LONG)).isTrue();
        long last = append(wal, 5);
        wal.close();
        ShipperStatus status = shipper.stop();
        assertThat(status.state()).isEqualTo(State.CLOSED);
        assertThat(status.archivedSequence() + status.lagRecords()).isEqualTo(last);
        try (Wal again = open();
                WalShipper next = WalShipper.start(again, config(heap).build())) {
            assertThat(next.awaitArchived(append(again, 1), LONG)).isTrue();
            assertThat(next.status().epoch()).isEqualTo(2);
        }
    }

    @Test
    void onlyDurableRecordsAreShipped() {
        try (Wal wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                        .durability(Durability.LOSE_UNFORCED)
                        .build());
                WalShipper shipper = WalShipper.start(wal, config(heap).build())) {
            long durable = append(wal, 5);
            long last = durable;
            for (int i = 0; i < 5; i++) {
                last = wal.append(1, ByteBuffer.allocate(100));
            }
            assertThat(shipper.awaitArchived(durable, LONG)).isTrue();
            assertThat(shipper.awaitArchived(last, Duration.ofMillis(1))).isFalse();
            assertThat(shipper.archivedSequence()).isLessThanOrEqualTo(wal.durableSequence());
            wal.sync();
            assertThat(shipper.awaitArchived(last, LONG)).isTrue();
        }
    }

    @Test
    void interruptOfAWaitingCallerStaysPending() {
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config(heap).build())) {
            long sequence = append(wal, 10);
            Thread.currentThread().interrupt();
            assertThat(shipper.awaitArchived(sequence, LONG)).isTrue();
            assertThat(shipper.stop().archivedSequence()).isEqualTo(sequence);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void hangingRequestDelaysCloseByAtMostItsTimeout() throws InterruptedException {
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        ObjectStore store = new Wrapped(heap, () -> {
            hangs.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        try (Wal wal = open()) {
            WalShipper shipper = WalShipper.start(
                    wal, config(store).closeTimeout(Duration.ofMillis(50)).build());
            long sequence = append(wal, 10);
            hangs.await();
            assertThat(shipper.stop().lagRecords()).isEqualTo(10);
            assertThatThrownBy(() -> shipper.awaitArchived(sequence, LONG)).isInstanceOf(IllegalStateException.class);
            // The hanging request ends after another shipper of the log has acquired the epoch. It adds nothing.
            try (WalShipper next = WalShipper.start(wal, config(heap).build())) {
                assertThat(next.awaitArchived(sequence, LONG)).isTrue();
                goOn.countDown();
                assertThat(next.awaitArchived(append(wal, 10), LONG)).isTrue();
                assertThat(next.status().epoch()).isEqualTo(1);
            }
        }
    }

    /** A store that runs an action before each request. */
    private static class Wrapped implements ObjectStore {
        private final HeapStore store;
        private final Runnable before;

        Wrapped(HeapStore store, Runnable before) {
            this.store = store;
            this.before = before;
        }

        @Override
        public String describe() {
            return store.describe();
        }

        @Override
        public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
            before.run();
            return store.putIfAbsent(key, content);
        }

        @Override
        public Optional<StoredObject> head(String key) throws StoreException {
            before.run();
            return store.head(key);
        }

        @Override
        public InputStream get(String key) throws StoreException {
            before.run();
            return store.get(key);
        }

        @Override
        public InputStream get(String key, long from, long length) throws StoreException {
            before.run();
            return store.get(key, from, length);
        }

        @Override
        public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
            before.run();
            return store.list(prefix, afterKey);
        }

        @Override
        public void delete(List<String> keys) throws StoreException {
            before.run();
            store.delete(keys);
        }

        @Override
        public void close() {}
    }
}
