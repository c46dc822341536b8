package io.veloz.wal.archive.internal.ship;

import static io.veloz.wal.archive.internal.ship.TestShip.append;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsLog;
import static io.veloz.wal.archive.internal.ship.TestShip.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.ArchiveEncryption;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class EncryptedShippingTest {
    private static final int ROUNDS = Integer.getInteger("wal.rounds", 20);
    private static final Pattern WRAPPED = Pattern.compile("\"wrapped\":\"([^\"]+)\"");
    private final HeapStore store = escrowed(new HeapStore().with(new TestKeys("k1")), "k1");

    private static HeapStore escrowed(HeapStore store, String... ids) {
        for (String id : ids) {
            ArchiveEncryption.escrow(store, id, TestKeys.MESSAGE);
        }
        return store;
    }

    private static Wal wal() {
        return open(new FaultyStorage(1, DiskRules.WORST));
    }

    private static void ship(Wal wal, HeapStore to) {
        try (Stepper shipper = new Stepper(LocalLog.of(wal), to)) {
            shipper.ship();
            assertThat(shipper.archived).isEqualTo(wal.durableSequence());
        }
    }

    private static void assertRefused(Wal wal, HeapStore to, Reason reason) {
        Map<String, byte[]> before = to.objects();
        assertThatThrownBy(() -> ship(wal, to))
                .isInstanceOfSatisfying(
                        WalShippingRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason));
        assertThat(to.objects().keySet().stream().filter(key -> key.startsWith(ArchiveKeys.SLOTS)))
                .containsExactlyElementsOf(before.keySet().stream()
                        .filter(key -> key.startsWith(ArchiveKeys.SLOTS))
                        .toList());
    }

    // ---- what is stored

    @Test
    void encryptedArchiveIsTheLog() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 300);
            ship(wal, store);
            append(wal, 5);
            ship(wal, store);
            assertArchiveIsLog(store, wal);
        }
    }

    /** A payload that does not compress is stored as it is, unless it is encrypted. */
    private static boolean containsPayload(HeapStore of) {
        byte[] payload = new byte[64];
        new Random(1).nextBytes(payload);
        try (Wal wal = wal()) {
            for (int i = 0; i < 150; i++) {
                wal.appendDurable(1, ByteBuffer.wrap(payload));
                wal.appendDurable(1, ByteBuffer.wrap(new byte[100]));
            }
            wal.writeCheckpoint(wal.lastSequence(), out -> out.write(payload));
            ship(wal, of);
        }
        String needle = new String(payload, 8, 40, StandardCharsets.ISO_8859_1);
        return of.objects().values().stream()
                .anyMatch(bytes -> new String(bytes, StandardCharsets.ISO_8859_1).contains(needle));
    }

    @Test
    void noObjectOfAnEncryptedArchiveContainsAPayload() {
        assertThat(containsPayload(new HeapStore().with(EncryptionKeys.NONE))).isTrue();
        assertThat(containsPayload(store)).isFalse();
    }

    @Test
    void digestsOfEqualContentsDiffer() {
        DataKeys keys = new DataKeys(store.encryptionKeys());
        String one = keys.next().digest().hex();
        assertThat(keys.next().digest().hex()).isNotEqualTo(one).isNotEqualTo(Digest.of(new byte[0]));
    }

    /** Two contents under one key and nonce would reveal both. Every attempt counts, also one without an answer. */
    @Test
    void dataKeyEncryptsOneContentWhateverFails() throws IOException {
        long seed = Long.getLong("wal.seed", 1);
        long repeated = 0;
        for (int round = 0; round < ROUNDS; round++) {
            System.out.println("seed -Dwal.seed=" + (seed + round));
            repeated += assertDataKeysAreUsedOnce(seed + round);
        }
        assertThat(repeated).isPositive();
    }

    /** Returns how often a content was sent again. */
    private static long assertDataKeysAreUsedOnce(long seed) throws IOException {
        Random random = new Random(seed);
        HeapStore shared = escrowed(new HeapStore(seed).with(new TestKeys("k1")), "k1");
        try (Wal wal = open(new FaultyStorage(seed, DiskRules.WORST))) {
            for (int life = 0; life < 4; life++) {
                HeapStore client = shared.client(Plan.randomly(seed * 10 + life, 25));
                try (Stepper shipper = new Stepper(LocalLog.of(wal), client)) {
                    append(wal, 1 + random.nextInt(60));
                    wal.writeCheckpoint(wal.lastSequence(), out -> out.write(random.nextInt()));
                    shipper.ship();
                } catch (WalFencedException e) {
                    // By a claim of an earlier life that arrived late.
                    assertThat(e).hasMessageContaining("epoch");
                }
            }
            shared.deliverLate();
            ship(wal, shared.client(Plan.NONE));
            assertArchiveIsLog(shared, wal);
        }
        Map<String, byte[]> contents = new HashMap<>();
        long attempts = 0;
        for (List<byte[]> sent : shared.sent().values()) {
            for (byte[] bytes : sent) {
                Matcher wrapped = WRAPPED.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
                // A SUMMARY and the head of a SEGMENT name the keys of other objects.
                if (wrapped.find() && !new String(bytes, StandardCharsets.ISO_8859_1).contains("\"chain\"")) {
                    attempts++;
                    byte[] before = contents.putIfAbsent(wrapped.group(1), bytes);
                    assertThat(before == null || Arrays.equals(before, bytes))
                            .as("content of data key %s", wrapped.group(1))
                            .isTrue();
                }
            }
        }
        assertThat(contents.size()).isGreaterThan(4);
        return attempts - contents.size();
    }

    @Test
    void fileThatWasReplacedIsNotEncryptedByTheSameKey() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 1);
            wal.writeCheckpoint(1, out -> out.write(new byte[3_000_000]));
            DataKeys keys = new DataKeys(new TestKeys("k1"));
            String file = wal.files().checkpointName();
            FileObject object = FileObject.read(
                    FileObject.Range.whole(wal.files(), file),
                    FileObject.Bytes.IGNORED,
                    RateLimiter.UNLIMITED,
                    "k",
                    keys.next());
            byte[] first;
            try (InputStream in = object.open()) {
                first = in.readAllBytes();
            }
            byte[] random = new byte[3_000_000];
            new Random(1).nextBytes(random);
            append(wal, 2);
            // A log writes checkpoints to two files alternately.
            wal.writeCheckpoint(2, out -> out.write(random));
            wal.writeCheckpoint(3, out -> out.write(random));
            ByteArrayOutputStream second = new ByteArrayOutputStream();
            assertThatThrownBy(() -> object.open().transferTo(second))
                    .hasMessageContaining("was replaced while it was uploaded");
            assertThat(first).startsWith(second.toByteArray());
            assertThat(object.wasReplaced()).isTrue();
        }
    }

    // ---- keys that do not fit

    @Test
    void encryptedArchiveIsNotContinuedInTheClear() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 10);
            ship(wal, store);
            append(wal, 10);
            assertRefused(wal, store.with(EncryptionKeys.NONE), Reason.KEY_MISSING);
            ship(wal, store);
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void clearArchiveIsContinuedEncrypted() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 100);
            ship(wal, store.with(EncryptionKeys.NONE));
            append(wal, 100);
            ship(wal, store);
            append(wal, 10);
            assertRefused(wal, store.with(EncryptionKeys.NONE), Reason.KEY_MISSING);
            assertArchiveIsLogUpTo(wal, 200);
        }
    }

    private void assertArchiveIsLogUpTo(Wal wal, long sequence) throws IOException {
        TestShip.assertArchiveIsPrefix(store, wal);
        assertThat(TestShip.prove(store).archived().sequence()).isEqualTo(sequence);
    }

    @Test
    void encryptedArchiveIsContinuedInTheClearIfThatIsAllowed() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 10);
            wal.roll();
            ship(wal, store);
            HeapStore plain = store.with(EncryptionKeys.NONE);
            append(wal, 10);
            var config = TestShip.shipping(plain).allowPlain(true).build();
            // The local log is compared with the end of the archive, which takes its key.
            try (Stepper shipper = new Stepper(LocalLog.of(wal), plain, config)) {
                assertThatThrownBy(shipper::ship)
                        .isInstanceOf(WalShippingRefusedException.class)
                        .hasMessageContaining("encrypted by the key \"k1\"");
            }
        }
    }

    @Test
    void encryptionWithoutAnEscrowedKeyIsRefused() {
        HeapStore without = new HeapStore().with(new TestKeys("k2"));
        try (Wal wal = wal()) {
            append(wal, 10);
            assertRefused(wal, without, Reason.KEY_NOT_ESCROWED);
            escrowed(without, "k2");
            ship(wal, without);
        }
    }

    @Test
    void encryptionWithoutAnEscrowedKeyIsPossibleOnRequest() throws IOException {
        HeapStore without = new HeapStore().with(new TestKeys("k2"));
        try (Wal wal = wal();
                Stepper shipper = new Stepper(
                        LocalLog.of(wal),
                        without,
                        TestShip.shipping(without).requireEscrow(false).build())) {
            append(wal, 10);
            shipper.ship();
            assertArchiveIsLog(without, wal);
        }
    }

    @Test
    void anotherKeyWithTheSameIdIsRefused() {
        EncryptionKeys other = new EncryptionKeys() {
            @Override
            public String activeId() {
                return "k1";
            }

            @Override
            public byte[] key(String id) {
                return new byte[KEY_BYTES];
            }
        };
        try (Wal wal = wal()) {
            append(wal, 10);
            ship(wal, store);
            assertRefused(wal, store.with(other), Reason.KEY_MISSING);
        }
    }

    @Test
    void anyChangedByteOfAnEncryptedTailIsDetected() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 3);
            ship(wal, store);
        }
        String key = ArchiveKeys.slot(2);
        byte[] good = store.objects().get(key);
        DataKeys keys = new DataKeys(store.encryptionKeys());
        assertThat(SlotCodec.read(key, 2, new ByteArrayInputStream(good), keys).content())
                .isNotEmpty();
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 1;
            assertThatThrownBy(() -> SlotCodec.read(key, 2, new ByteArrayInputStream(bad), keys)
                            .content())
                    .isInstanceOf(IOException.class);
        }
    }

    // ---- interrupted uploads, and keys that change

    @Test
    void uploadThatMayBeStoredIsSentAgainAfterAnother() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 3);
            wal.writeCheckpoint(1, out -> out.write(1));
            wal.writeCheckpoint(2, out -> out.write(2));
            EncryptedUploads uploads = new EncryptedUploads(new DataKeys(new TestKeys("k1")));
            EncryptedUploads.Reading reading = next -> checkpoint(wal, next);
            FileUpload first = uploads.content("a", reading);
            uploads.begins("a", first);
            uploads.begins("b", uploads.content("b", reading));
            uploads.stored("b");
            assertThat(uploads.content("a", reading).stated()).isEqualTo(first.stated());
            uploads.stored("a");
            assertThat(uploads.content("a", reading).stated()).isNotEqualTo(first.stated());
        }
    }

    private static FileUpload checkpoint(Wal wal, FileUpload.NextKey keys) throws IOException {
        String file = wal.files().checkpointName();
        return FileUpload.read(wal.files(), file, RateLimiter.UNLIMITED, "a", PartLayout.WHOLE, keys);
    }

    @Test
    void contentThatWasNotSentIsReadAgain() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 3);
            wal.writeCheckpoint(1, out -> out.write(1));
            EncryptedUploads uploads = new EncryptedUploads(new DataKeys(new TestKeys("k1")));
            int[] readings = new int[1];
            EncryptedUploads.Reading reading = next -> {
                readings[0]++;
                return checkpoint(wal, next);
            };
            var unused = uploads.content("a", reading);
            unused = uploads.content("a", reading);
            assertThat(readings[0]).isEqualTo(2);
        }
    }

    @Test
    void writerThatEncryptsContinuesToWhateverItsKeysSay() throws IOException {
        AtomicReference<String> active = new AtomicReference<>("k1");
        EncryptionKeys keys = new EncryptionKeys() {
            @Override
            public String activeId() {
                return active.get();
            }

            @Override
            public byte[] key(String id) {
                return new TestKeys("k1").key(id);
            }
        };
        HeapStore changing = store.with(keys);
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), changing)) {
            append(wal, 3);
            shipper.ship();
            active.set(null);
            append(wal, 3);
            shipper.ship();
        }
        assertThat(TestShip.slots(store))
                .filteredOn(slot -> slot.part() instanceof Tail)
                .hasSizeGreaterThan(1)
                .allSatisfy(
                        slot -> assertThat(((Tail) slot.part()).encryption()).isNotNull());
    }

    @Test
    void permissionToContinueInTheClearIsForOneStart() {
        HeapStore plain = store.with(EncryptionKeys.NONE);
        try (Wal wal = wal()) {
            ship(wal, store);
            try (Stepper permitted = new Stepper(
                    LocalLog.of(wal),
                    plain,
                    TestShip.shipping(plain).allowPlain(true).build())) {
                permitted.ship();
                assertThat(permitted.epoch).isEqualTo(2);
            }
            append(wal, 1);
            assertRefused(wal, plain, Reason.KEY_MISSING);
        }
    }

    @Test
    void truncatedEncryptedTailIsDamageWithoutTheKey() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 3);
            ship(wal, store);
        }
        byte[] good = store.objects().get(ArchiveKeys.slot(2));
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> SlotCodec.decode("ship/2", 2, cut)).isInstanceOf(BadObjectException.class);
        }
        assertThat(SlotCodec.decode("ship/2", 2, good).slot().number()).isEqualTo(2);
    }
}
