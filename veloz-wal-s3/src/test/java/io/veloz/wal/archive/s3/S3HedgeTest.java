package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStore;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A put of a slot that hangs is sent again on another connection. */
@Timeout(180)
class S3HedgeTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    /** The put that hangs. Before it there are enough puts for several hedges, in case others take unusually long. */
    private static final int HANGING = 70;

    @TempDir
    Path dir;

    private Wal wal;

    @BeforeEach
    void open() {
        wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(4 * 1024 * 1024)
                .build());
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private long append() {
        return wal.appendDurable(1, ByteBuffer.allocate(100));
    }

    /** The timeout of a request is longer than that of this test. */
    private void recordIsArchivedAlthoughOnePutHangs(Function<CountDownLatch, Fault> fault) throws Exception {
        AtomicInteger slots = new AtomicInteger();
        CountDownLatch end = new CountDownLatch(1);
        try (FaultProxy proxy = FaultProxy.start(S3ProxyServer.shared().port());
                ObjectStore store = new S3Store(
                        URI.create(S3ProxyServer.newUri()),
                        S3ProxyServer.settings(proxy.endpoint())
                                .attemptTimeout(Duration.ofMinutes(5))
                                .callTimeout(Duration.ofMinutes(5))
                                .build())) {
            proxy.script(request ->
                    isSlotPut(request) && slots.incrementAndGet() == HANGING ? fault.apply(end) : Fault.none());
            ShipperConfig config = ShipperConfig.builder(store)
                    .flushInterval(Duration.ofHours(1))
                    .closeTimeout(LONG)
                    .build();
            try (WalShipper shipper = WalShipper.start(wal, config)) {
                for (int i = 0; i < HANGING + 10; i++) {
                    assertThat(shipper.awaitArchived(append(), LONG)).isTrue();
                }
                assertThat(slots.get()).isGreaterThan(HANGING);
                assertThat(shipper.status().hedgedPuts()).isPositive();
                assertThat(shipper.status().state()).isEqualTo(ShipperStatus.State.SHIPPING);
            }
            end.countDown();
            assertThat(new ArchiveVerifier(store).full((done, total) -> {}).isSound())
                    .isTrue();
        }
    }

    private static boolean isSlotPut(HttpMessage request) {
        return request.method().equals("PUT") && request.path().contains("/ship/");
    }

    @Test
    void recordIsArchivedAlthoughAPutHangsBeforeTheStore() throws Exception {
        recordIsArchivedAlthoughOnePutHangs(Fault::hold);
    }

    @Test
    void recordIsArchivedAlthoughAPutIsStoredAndNotAnswered() throws Exception {
        recordIsArchivedAlthoughOnePutHangs(end -> Fault.silent());
    }
}
