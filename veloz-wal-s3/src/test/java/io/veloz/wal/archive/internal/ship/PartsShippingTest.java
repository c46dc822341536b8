package io.veloz.wal.archive.internal.ship;

import static io.veloz.wal.archive.internal.ship.TestShip.append;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsLog;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsPrefix;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveReport;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.HeapStore.Request;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Segments that are stored in parts. */
@Timeout(120)
class PartsShippingTest {
    private static final int PART_BYTES = 4096;
    private static final long SEGMENT_BYTES = 32 * 1024;

    private static final int RECORDS = 200;

    private final HeapStore store = new HeapStore().with(EncryptionKeys.NONE);

    private static Wal wal() {
        return Wal.open(TestShip.config(new FaultyStorage(1, DiskRules.WORST))
                .segmentBytes(SEGMENT_BYTES)
                .build());
    }

    private static void appendSegment(Wal wal) {
        append(wal, RECORDS);
        SmallLog.awaitSealed(wal, 1);
    }

    private static Stepper shipper(Wal wal, HeapStore to) {
        return new Stepper(
                LocalLog.of(wal),
                to,
                TestShip.shipping(to).partBytes(PART_BYTES).requireEscrow(false).build());
    }

    private static void ship(Wal wal, HeapStore to) {
        try (Stepper shipper = shipper(wal, to)) {
            shipper.ship();
        }
    }

    private static List<Segment> segments(HeapStore of) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (Slot slot : TestShip.slots(of)) {
            if (slot.part() instanceof Segment segment) {
                segments.add(segment);
            }
        }
        return segments;
    }

    private static List<String> keys(HeapStore of) throws IOException {
        return segments(of).stream()
                .flatMap(segment -> segment.objectKeys().stream())
                .toList();
    }

    private static List<String> objects(HeapStore of) {
        return of.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SEGMENTS))
                .toList();
    }

    // ---- what is stored

    @Test
    void largeSegmentIsStoredInParts() throws IOException {
        try (Wal wal = wal()) {
            appendSegment(wal);
            ship(wal, store);
            assertArchiveIsLog(store, wal);
        }
        Segment segment = segments(store).get(0);
        int count = (int) ((segment.fileBytes() + PART_BYTES - 1) / PART_BYTES);
        assertThat(count).isGreaterThan(4);
        assertThat(objects(store))
                .isEqualTo(keys(store))
                .startsWith(segment.objectKeys().toArray(String[]::new));
        assertThat(segment.objectKeys()).hasSize(count);
        assertThat(objects(store).get(2))
                .isEqualTo("segments/orders_0000000000000001.e0000000001.wal.lz4.p0003of000" + count);
        assertThat(segment.stored().frames().subList(0, count - 1)).allMatch(frame -> frame.fileBytes() == PART_BYTES);
    }

    @Test
    void smallSegmentIsOneObject() throws IOException {
        try (Wal wal = wal()) {
            appendSegment(wal);
            try (Stepper shipper = new Stepper(
                    LocalLog.of(wal),
                    store,
                    TestShip.shipping(store).partBytes(SEGMENT_BYTES / 4).build())) {
                shipper.ship();
            }
        }
        assertThat(objects(store))
                .isEqualTo(segments(store).stream().map(Segment::key).toList())
                .isNotEmpty();
    }

    /** Each part is a complete frame, so {@code cat p* | lz4 -d} is the segment. */
    @Test
    void joinedPartsAreAFileOfFrames() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (Wal wal = wal()) {
            appendSegment(wal);
            ship(wal, store);
            for (StoredFrame frame : segments(store).get(0).stored().frames()) {
                byte[] object = store.objects().get(frame.key());
                file.writeBytes(
                        Lz4Frames.decompress(new ByteArrayInputStream(object)).readAllBytes());
            }
            try (InputStream sealed = wal.files().open(wal.files().sealedName(1))) {
                assertThat(file.toByteArray()).isEqualTo(sealed.readAllBytes());
            }
        }
    }

    // ---- uploads that are cut

    private interface Check {
        void after(Wal wal, HeapStore shared) throws IOException;
    }

    /** Ships with a fault in each request of an upload, until a run has no such request. Returns the number of runs. */
    private static int withFaultInEachRequest(Fault fault, EncryptionKeys keys, Check check) throws IOException {
        for (int number = 1; ; number++) {
            HeapStore shared = new HeapStore(number).with(keys);
            int at = number;
            int[] seen = new int[1];
            Plan plan = request -> isOfUpload(request) && ++seen[0] == at ? fault : null;
            try (Wal wal = wal()) {
                appendSegment(wal);
                ship(wal, shared.client(plan));
                check.after(wal, shared);
            }
            if (seen[0] < number) {
                return number - 1;
            }
        }
    }

    private static boolean isOfUpload(Request request) {
        return request.kind() == Kind.PUT && request.key().startsWith(ArchiveKeys.SEGMENTS)
                || request.kind() == Kind.PUT && ArchiveKeys.slotNumber(request.key()) > 1;
    }

    /** The next writer finds parts that no slot names, and stores its own. */
    @ParameterizedTest
    @EnumSource(names = {"DIE_BEFORE", "DIE_AFTER"})
    void writerThatDiesAtAnyRequestIsContinued(Fault fault) throws IOException {
        int runs = withFaultInEachRequest(fault, EncryptionKeys.NONE, (wal, shared) -> {
            assertArchiveIsPrefix(shared, wal);
            shared.deliverLate();
            Set<String> existed = Set.copyOf(objects(shared));
            int committed = segments(shared).size();
            ship(wal, shared.client(Plan.NONE));
            assertArchiveIsLog(shared, wal);
            assertThat(segments(shared).stream().skip(committed))
                    .allSatisfy(segment -> assertThat(existed).doesNotContainAnyElementsOf(segment.objectKeys()));
            ArchiveReport report = new ArchiveVerifier(shared).full(WalProgress.NONE);
            assertThat(report.isSound()).as(report.toString()).isTrue();
        });
        assertThat(runs).isGreaterThan(9);
    }

    /** The same writer sends what is not confirmed again, also if a put of it is stored already or arrives later. */
    @ParameterizedTest
    @EnumSource(names = {"FAIL", "LOSE_ANSWER", "LATE", "DUPLICATE"})
    void failedPutOfAnyPartIsRepeated(Fault fault) throws IOException {
        int runs = withFaultInEachRequest(fault, new TestKeys("k1"), (wal, shared) -> {
            shared.deliverLate();
            assertArchiveIsLog(shared, wal);
            assertThat(objects(shared)).isEqualTo(keys(shared)).hasSizeGreaterThan(5);
        });
        assertThat(runs).isGreaterThan(9);
    }

    @Test
    void confirmedPartsAreNotSentAgain() throws IOException {
        Map<String, Integer> puts = new TreeMap<>();
        HeapStore client = store.client(request -> {
            boolean isPart = request.kind() == Kind.PUT && request.key().startsWith(ArchiveKeys.SEGMENTS);
            int sent = isPart ? puts.merge(request.key(), 1, Integer::sum) : 0;
            return sent == 1 && isFifth(request.key()) ? Fault.FAIL : null;
        });
        try (Wal wal = wal()) {
            appendSegment(wal);
            ship(wal, client);
            assertArchiveIsLog(store, wal);
        }
        assertThat(puts).hasSizeGreaterThan(5);
        puts.forEach((key, count) -> assertThat(count).as(key).isEqualTo(isFifth(key) ? 2 : 1));
    }

    private static boolean isFifth(String key) {
        return key.contains("_0000000000000001.") && key.contains(".p0005of");
    }

    /** A part with other bytes cannot be of this epoch, so it is not accepted. */
    @Test
    void partWithOtherBytesIsNotCommitted() throws IOException {
        HeapStore client = store.client(request -> {
            if (request.kind() == Kind.PUT && request.key().contains(".p0001of")) {
                store.damage(request.key().replace(".p0001of", ".p0002of"), new byte[] {1});
            }
            return null;
        });
        try (Wal wal = wal();
                Stepper shipper = shipper(wal, client)) {
            appendSegment(wal);
            for (int i = 0; i < 50 && shipper.failures.isEmpty(); i++) {
                advance(shipper);
            }
            assertThat(shipper.failures)
                    .anySatisfy(failure -> assertThat(failure).contains("SHA-256 mismatch", ".p0002of"));
        }
        assertThat(segments(store)).isEmpty();
    }

    private static void advance(Stepper shipper) throws IOException {
        shipper.shipping.flush();
        var unused = shipper.shipping.advance();
    }

    // ---- encryption

    @Test
    void encryptedPartsAreTheLog() throws IOException {
        HeapStore encrypted = new HeapStore().with(new TestKeys("k1"));
        try (Wal wal = wal()) {
            appendSegment(wal);
            ship(wal, encrypted);
            assertArchiveIsLog(encrypted, wal);
        }
        List<StoredFrame> frames = segments(encrypted).get(0).stored().frames();
        assertThat(frames.stream().map(StoredFrame::encryption).distinct()).hasSameSizeAs(frames);
    }

    /** Two contents under one key and nonce would reveal both. Every attempt counts, also one without an answer. */
    @ParameterizedTest
    @EnumSource(names = {"FAIL", "LOSE_ANSWER", "LATE", "DIE_AFTER"})
    void dataKeyEncryptsOnePartWhateverFails(Fault fault) throws IOException {
        Map<String, byte[]> contents = new HashMap<>();
        int runs = withFaultInEachRequest(fault, new TestKeys("k1"), (wal, shared) -> {
            ship(wal, shared.client(Plan.NONE));
            for (var sent : shared.sent().entrySet()) {
                if (ArchiveKeys.segmentKey(sent.getKey()).isPresent()) {
                    sent.getValue().forEach(bytes -> addContent(contents, bytes));
                }
            }
        });
        assertThat(contents).hasSizeGreaterThan(runs * 5);
    }

    private static void addContent(Map<String, byte[]> contents, byte[] object) {
        String text = new String(object, StandardCharsets.ISO_8859_1);
        int start = text.indexOf("\"wrapped\":\"") + 11;
        byte[] before = contents.putIfAbsent(text.substring(start, start + 56), object);
        assertThat(before == null || Arrays.equals(before, object)).isTrue();
    }
}
