package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.format.WitnessCodec;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The end of an archive, repeated in a second store. */
@Timeout(120)
class AnchorTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();
    private Wal wal;

    @BeforeEach
    void open() {
        wal = SmallLog.open(dir.resolve("log"));
        SmallLog.append(wal, 5);
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private ShipRig rig(ObjectStore second, long takeOver) {
        ShipRig rig = new ShipRig(ShipperConfig.builder(heap).takeOver(takeOver), LocalLog.of(wal), heap);
        rig.shipping.anchorIn(second, () -> {});
        return rig;
    }

    private static List<String> anchors(HeapStore second) {
        return second.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.ANCHORS))
                .toList();
    }

    /** Removes what is known of this archive locally, as in a directory that was restored. */
    private void forgetArchive() throws IOException {
        try (Stream<Path> files = Files.list(dir.resolve("log"))) {
            for (Path file : files.filter(file -> file.getFileName().toString().contains("_archive_"))
                    .toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void lastSlotIsRepeatedEveryTenMinutesIfThereIsANewOne() throws IOException {
        HeapStore second = new HeapStore();
        ShipRig rig = rig(second, 0);
        rig.at(Duration.ofMinutes(5), () -> assertThat(anchors(second)).hasSize(1));
        rig.at(Duration.ofMinutes(31), () -> {
            assertThat(anchors(second)).hasSizeBetween(1, 2);
            SmallLog.append(wal, 5);
        });
        rig.at(Duration.ofMinutes(32), () -> assertThat(anchors(second)).hasSizeBetween(2, 3));
        for (int second10 = 0; second10 < 180; second10++) {
            rig.at(Duration.ofMinutes(40).plusSeconds(10L * second10), () -> SmallLog.append(wal, 1));
        }
        rig.run(Duration.ofMinutes(75));
        assertThat(anchors(second)).hasSizeBetween(5, 7);
        assertThat(rig.state.status().errors()).isZero();
        LogIdentity identity = new ShipLog(heap).logJson().orElseThrow();
        Witness newest = Witnesses.newestAnchor(second, identity).orElseThrow();
        assertThat(newest.logJson()).isEqualTo(identity.text());
        assertThat(Witnesses.lost(new ShipLog(heap), newest, Long.MAX_VALUE)).isEmpty();
    }

    private void rollBackIsDetected(ObjectStore second) throws IOException {
        rig(second, 0).run(MINUTE);
        Map<String, byte[]> before = heap.objects();
        SmallLog.append(wal, 5);
        rig(second, 0).run(MINUTE);
        heap.objects().keySet().stream().filter(key -> !before.containsKey(key)).forEach(heap::remove);
        forgetArchive();
        ShipRig rig = rig(second, 1);
        rig.run(MINUTE);
        assertThat(rig.events).containsExactly("refused LOST_SLOTS");
        assertThat(heap.objects()).hasSameSizeAs(before);
        forgetArchive();
        ShipRig without = new ShipRig(ShipperConfig.builder(heap).takeOver(1), LocalLog.of(wal), heap);
        without.run(MINUTE);
        assertThat(without.events).as("without an anchor").isEmpty();
    }

    @Test
    void bucketThatWasRolledBackIsDetectedByADirectory() throws IOException {
        try (ObjectStore second = new DirectoryStore(dir.resolve("anchors"))) {
            rollBackIsDetected(second);
        }
    }

    @Test
    void bucketThatWasRolledBackIsDetectedByABucket() throws IOException, InterruptedException {
        try (ObjectStore second = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            rollBackIsDetected(second);
        }
    }

    @Test
    void secondStoreThatFailsStopsNothing() {
        HeapStore second = new HeapStore();
        second.plan(request -> Fault.FAIL);
        ShipRig rig = rig(second, 0);
        rig.at(Duration.ofSeconds(30), () -> {
            assertThat(rig.state.archivedSequence()).isEqualTo(5);
            assertThat(rig.state.status().state()).isEqualTo(ShipperStatus.State.SHIPPING);
            assertThat(rig.state.status().lastError()).contains("FAIL");
        });
        rig.at(Duration.ofMinutes(30), () -> {
            assertThat(second.requests()).isLessThan(40);
            second.plan(Plan.NONE);
        });
        rig.run(Duration.ofMinutes(32));
        assertThat(rig.events).isEmpty();
        assertThat(anchors(second)).hasSize(1);
    }

    @Test
    void secondStoreThatIsSilentDelaysTheStartByTenSeconds() {
        ShipRig rig = rig(new HeapStore(), 0);
        rig.holdUploads();
        rig.at(
                Duration.ofSeconds(9),
                () -> assertThat(rig.state.status().epoch()).isZero());
        rig.at(Duration.ofSeconds(13), () -> {
            assertThat(rig.state.archivedSequence()).isEqualTo(5);
            assertThat(rig.state.status().lastError()).contains("no answer within 10 s");
        });
        rig.run(MINUTE);
        assertThat(rig.events).isEmpty();
    }

    @Test
    void anchorOfAnotherSlotWithTheSameNumberIsReported() throws IOException {
        HeapStore second = new HeapStore();
        rig(second, 0).run(MINUTE);
        LogIdentity identity = new ShipLog(heap).logJson().orElseThrow();
        Witness first = Witnesses.newestAnchor(second, identity).orElseThrow();
        ShipRig rig = rig(second, 0);
        rig.at(Duration.ofSeconds(1), () -> {
            for (long slot = first.tip().number() + 1; slot < 20; slot++) {
                put(second, identity, first, slot);
            }
        });
        rig.at(Duration.ofMinutes(5), () -> SmallLog.append(wal, 1));
        for (int i = 0; i < 30; i++) {
            rig.at(Duration.ofMinutes(20).plusSeconds(10L * i), () -> SmallLog.append(wal, 1));
        }
        rig.run(Duration.ofMinutes(45));
        assertThat(rig.events).containsExactly("trouble");
        assertThat(rig.state.status().lastError()).contains("slots were lost and put again");
        assertThat(rig.state.archivedSequence()).isEqualTo(wal.durableSequence());
        assertThat(anchors(second))
                .as("later anchors")
                .noneMatch(key -> Long.parseLong(key.substring(key.lastIndexOf('/') + 1)) >= 20);
    }

    @Test
    void rollBackIsDetectedWhenTheSecondStoreAnswersLate() throws IOException {
        HeapStore second = new HeapStore();
        rig(second, 0).run(MINUTE);
        Map<String, byte[]> before = heap.objects();
        SmallLog.append(wal, 5);
        rig(second, 0).run(MINUTE);
        heap.objects().keySet().stream().filter(key -> !before.containsKey(key)).forEach(heap::remove);
        forgetArchive();
        ShipRig rig = rig(second, 1);
        rig.holdUploads();
        rig.at(Duration.ofSeconds(30), () -> {
            assertThat(rig.state.status().epoch()).isEqualTo(2);
            rig.endUploads();
        });
        rig.run(MINUTE);
        assertThat(rig.events).containsExactly("refused LOST_SLOTS");
    }

    @Test
    void anchorThatIsReadLateAndIsPartOfTheArchiveChangesNothing() {
        HeapStore second = new HeapStore();
        rig(second, 0).run(MINUTE);
        ShipRig rig = rig(second, 0);
        rig.holdUploads();
        rig.at(Duration.ofSeconds(30), rig::endUploads);
        rig.at(Duration.ofMinutes(2), () -> SmallLog.append(wal, 5));
        rig.run(Duration.ofMinutes(15));
        assertThat(rig.events).isEmpty();
        assertThat(rig.state.archivedSequence()).isEqualTo(10);
        assertThat(anchors(second)).hasSizeGreaterThan(1);
    }

    private static void put(HeapStore second, LogIdentity identity, Witness like, long slot) {
        Witness other = new Witness(
                Witness.Kind.ANCHOR,
                identity.logId(),
                identity.origin(),
                identity.text(),
                1,
                like.writer(),
                "host",
                Instant.EPOCH,
                new SlotRef(slot, "a".repeat(64)),
                like.kept(),
                Archived.NOTHING);
        try {
            second.putIfAbsent(
                    ArchiveKeys.anchor(identity.origin(), slot), ObjectContent.of(WitnessCodec.encode(other)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void newestOfManyAnchorsIsFoundInAFewRequests() throws IOException {
        rig(new HeapStore(), 0).run(MINUTE);
        LogIdentity identity = new ShipLog(heap).logJson().orElseThrow();
        Witness like = new Witness(
                Witness.Kind.ANCHOR,
                identity.logId(),
                identity.origin(),
                identity.text(),
                1,
                "b".repeat(32),
                "host",
                Instant.EPOCH,
                new SlotRef(1, "a".repeat(64)),
                new SlotRef(1, "a".repeat(64)),
                Archived.NOTHING);
        for (int count : new int[] {1, 999, 1000, 1001, 5000}) {
            HeapStore second = new HeapStore();
            for (long i = 1; i <= count; i++) {
                put(second, identity, like, i * 613);
            }
            HeapStore client = second.client(Plan.NONE);
            assertThat(Witnesses.newestAnchor(client, identity)
                            .orElseThrow()
                            .tip()
                            .number())
                    .isEqualTo(count * 613L);
            assertThat(client.requests()).isLessThan(40);
        }
        assertThat(Witnesses.newestAnchor(new HeapStore(), identity)).isEmpty();
    }

    @Test
    void newestAnchorIsFoundInAStoreWithShortPages() throws IOException {
        HeapStore second = new HeapStore();
        rig(second, 0).run(MINUTE);
        LogIdentity identity = new ShipLog(heap).logJson().orElseThrow();
        Witness like = Witnesses.newestAnchor(second, identity).orElseThrow();
        for (long slot = 100; slot < 350; slot++) {
            put(second, identity, like, slot);
        }
        ObjectStore shortPages = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, args) -> {
                    Object answer = method.invoke(second, args);
                    return answer instanceof List<?> page ? page.subList(0, Math.min(100, page.size())) : answer;
                });
        assertThat(Witnesses.newestAnchor(shortPages, identity)
                        .orElseThrow()
                        .tip()
                        .number())
                .isEqualTo(349);
    }
}
