package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.s3.Fault;
import io.veloz.wal.archive.s3.FaultProxy;
import io.veloz.wal.archive.s3.HttpMessage;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.s3.S3Settings;
import io.veloz.wal.archive.s3.S3Store;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ships a log over HTTP to a server and restores it, through a network in which one of ten requests fails. */
@Timeout(600)
@Tag("enumeration")
class ShipAndRestoreTest {
    private static final int ROUNDS = Integer.getInteger("wal.rounds", 1);
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    Path dir;

    @Test
    void logIsShippedAndRestoredOverAnUnreliableNetwork() throws IOException, InterruptedException {
        int port = S3ProxyServer.shared().port();
        for (long seed = 1; seed <= ROUNDS; seed++) {
            try (FaultProxy proxy = FaultProxy.start(port)) {
                new Round(seed, proxy, dir.resolve("round-" + seed)).run();
            } catch (IOException | RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static final class Round {
        private final Random random;
        private final FaultProxy proxy;
        private final Path dir;
        private final String uri = S3ProxyServer.newUri();
        private long archived;

        Round(long seed, FaultProxy proxy, Path dir) {
            this.random = new Random(seed);
            this.proxy = proxy;
            this.dir = dir;
        }

        void run() throws IOException {
            Random faults = new Random(random.nextLong());
            proxy.script(request -> fault(faults, request));
            Path log = dir.resolve("log-0");
            long takeOver = 0;
            for (int machine = 1; machine <= 2; machine++) {
                for (int life = 0; life < 2; life++) {
                    ship(log, takeOver);
                    sendDuplicates();
                }
                Path next = dir.resolve("log-" + machine);
                RestoreReport report = restore(next);
                takeOver = report.plan().epoch();
                assertThat(report.lastSequence()).isGreaterThanOrEqualTo(archived);
                assertSame(log, next);
                log = next;
            }
            proxy.script(request -> Fault.none());
            try (ObjectStore store = store()) {
                assertThat(new ArchiveVerifier(store).full(WalProgress.NONE).isSound())
                        .isTrue();
            }
        }

        private void ship(Path log, long takeOver) throws IOException {
            try (ObjectStore store = store();
                    Wal wal = SmallLog.open(log)) {
                ShipperConfig config = ShipperConfig.builder(store)
                        .flushInterval(Duration.ofMillis(20))
                        .takeOver(takeOver)
                        .maxTailBytes(4096)
                        .tailGrace(Duration.ofMillis(1))
                        .closeTimeout(Duration.ofMillis(1 + random.nextInt(100)))
                        .build();
                try (WalShipper shipper = WalShipper.start(wal, config)) {
                    for (int i = 0; i < 3; i++) {
                        SmallLog.append(wal, 1 + random.nextInt(150));
                        assertThat(shipper.awaitArchived(wal.lastSequence(), LONG))
                                .as("%s", shipper.status())
                                .isTrue();
                        archived = shipper.archivedSequence();
                    }
                    // The shipper archives some of these, or none.
                    SmallLog.append(wal, random.nextInt(50));
                }
            }
        }

        private RestoreReport restore(Path target) throws IOException {
            while (true) {
                RestoreOptions options = RestoreOptions.into(target);
                try (ObjectStore store = store()) {
                    return ArchiveRestore.run(
                            store,
                            options,
                            new Restore(store, options, new Retries(attempt -> {}), Directories.REAL)::run);
                } catch (WalRestoreException e) {
                    // Fetched files are kept. Denied permissions are restored as well.
                    assertThat(e.reason()).as("%s", e).isIn(Reason.STORE_UNAVAILABLE, Reason.STORE_REFUSED);
                }
            }
        }

        private static void assertSame(Path log, Path restored) throws IOException {
            List<SmallLog.Entry> expected = SmallLog.read(log);
            List<SmallLog.Entry> read = SmallLog.read(restored);
            assertThat(read).isEqualTo(expected.subList(0, read.size()));
            LogFiles originals = LogFiles.of(log);
            LogFiles copies = LogFiles.of(restored);
            int compared = 0;
            for (long number : copies.sealed()) {
                SealedSegment segment = copies.sealed(number).orElseThrow();
                Optional<SealedSegment> original = originals.sealed(number);
                if (original.isPresent() && original.get().lastSequence() == segment.lastSequence()) {
                    assertThat(restored.resolve(segment.file())).hasSameBinaryContentAs(log.resolve(segment.file()));
                    compared++;
                }
            }
            assertThat(compared).isPositive();
        }

        /** Sends delayed duplicates of earlier requests. */
        private void sendDuplicates() throws IOException {
            List<HttpMessage> writes = proxy.requests().stream()
                    .filter(request -> request.method().equals("PUT") && request.body().length > 0)
                    .toList();
            for (int i = 0; i < 5; i++) {
                assertThat(proxy.sendAgain(writes.get(random.nextInt(writes.size()))))
                        .isNotZero();
            }
        }

        private static Fault fault(Random random, HttpMessage request) {
            int dice;
            synchronized (random) {
                dice = random.nextInt(100);
            }
            return switch (dice) {
                case 0, 1 -> Fault.error(500, "InternalError", "injected by the test");
                case 2, 3 -> Fault.error(503, "SlowDown", "injected by the test");
                case 4 -> Fault.error(403, "RequestTimeTooSkewed", "injected by the test");
                case 5 -> Fault.resetUpload(10);
                case 6 -> Fault.resetDownload(10);
                case 7 -> Fault.cutDownload(20);
                case 8, 9 -> Fault.unanswered();
                case 10 -> Fault.answer(200, "");
                case 11 -> isReadOfASlot(request) ? Fault.wrongByte(0) : Fault.none();
                case 12 -> Fault.stallDownload(5);
                default -> Fault.none();
            };
        }

        private static boolean isReadOfASlot(HttpMessage request) {
            return request.method().equals("GET") && request.path().contains("/ship/");
        }

        private ObjectStore store() {
            S3Settings settings = S3Settings.builder()
                    .endpoint(proxy.endpoint().toString())
                    .region("us-east-1")
                    .credentials(() -> S3ProxyServer.CREDENTIALS)
                    .attemptTimeout(Duration.ofMillis(500))
                    .build();
            return new S3Store(URI.create(uri), settings);
        }
    }
}
