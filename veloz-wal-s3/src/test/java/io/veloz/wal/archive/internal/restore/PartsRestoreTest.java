package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.MessageDigestSpi;
import java.security.Provider;
import java.security.Security;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A restore that is interrupted in the middle of a segment in parts. */
@Timeout(60)
class PartsRestoreTest {
    @TempDir
    Path dir;

    private HeapStore store = new HeapStore();
    private List<String> parts = List.of();

    private Path source() {
        return dir.resolve("source");
    }

    private Path target() {
        return dir.resolve("target");
    }

    private void ship(boolean isEncrypted) {
        store = store.with(isEncrypted ? new TestKeys("k1") : EncryptionKeys.NONE);
        try (Wal wal = SmallLog.open(source(), 64 * 1024);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store, 4096)) {
            for (int i = 1; i <= 800; i++) {
                wal.append(1, SmallLog.bytes("record " + i + " ".repeat(40)));
            }
            wal.sync();
            SmallLog.awaitSealed(wal, 1);
            shipper.ship();
        }
        parts = store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SEGMENTS))
                .toList();
        assertThat(parts).hasSizeGreaterThan(12);
        assertThat(parts).allMatch(key -> key.contains("_0000000000000001."));
    }

    private static boolean isPart(HeapStore.Request request) {
        return request.kind() == Kind.GET && request.key().startsWith(ArchiveKeys.SEGMENTS);
    }

    /** Fails from one part on. */
    private void interruptAt(int index) {
        String last = parts.get(index);
        HeapStore client =
                store.client(request -> isPart(request) && request.key().compareTo(last) >= 0 ? Fault.FAIL : null);
        assertThatThrownBy(() -> DirectRestore.restore(client, RestoreOptions.into(target())))
                .isInstanceOf(WalRestoreException.class);
    }

    private List<String> restore() {
        List<String> fetched = Collections.synchronizedList(new ArrayList<>());
        Plan recording = request -> {
            if (isPart(request)) {
                fetched.add(request.key());
            }
            return null;
        };
        DirectRestore.restore(store.client(recording), RestoreOptions.into(target()));
        assertThat(SmallLog.read(target())).isEqualTo(SmallLog.read(source()));
        return fetched;
    }

    private Path incomplete() throws IOException {
        try (Stream<Path> files = Files.walk(target())) {
            return files.filter(file -> file.toString().endsWith(".tmp"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void partsThatWereFetchedAreNotFetchedAgain(boolean isEncrypted) throws IOException {
        ship(isEncrypted);
        interruptAt(8);
        assertThat(incomplete()).hasSize(8 * 4096);
        assertThat(restore()).containsExactlyElementsOf(parts.subList(8, parts.size()));
    }

    /** As after a crash in the middle of a part. */
    @Test
    void partThatIsIncompleteIsFetchedAgain() throws IOException {
        ship(false);
        interruptAt(8);
        byte[] kept = Files.readAllBytes(incomplete());
        Files.write(incomplete(), Arrays.copyOf(kept, 7 * 4096 - 1));
        assertThat(restore()).containsExactlyElementsOf(parts.subList(6, parts.size()));
    }

    /** As after a power failure, which may lose what was not forced. */
    @Test
    void wrongBytesOfAnEarlierAttemptAreFetchedAgain() throws IOException {
        ship(false);
        interruptAt(8);
        byte[] kept = Files.readAllBytes(incomplete());
        kept[5000] ^= 1;
        Files.write(incomplete(), kept);
        List<String> expected = new ArrayList<>(parts.subList(8, parts.size()));
        expected.addAll(parts);
        assertThat(restore()).isEqualTo(expected);
    }

    /** The bytes that are expected are right, so nothing is fetched. */
    @Test
    void longerFileOfAnEarlierAttemptIsCut() throws IOException {
        ship(false);
        interruptAt(8);
        String name = LogFiles.of(source()).sealedName(1);
        byte[] sealed = Files.readAllBytes(source().resolve(name));
        Files.write(incomplete(), Arrays.copyOf(sealed, sealed.length + 1000));
        assertThat(restore()).isEmpty();
        assertThat(target().resolve(name)).hasBinaryContent(sealed);
    }

    /** Wrong bytes that are long enough for all parts. */
    @Test
    void longerFileWithWrongBytesIsFetchedAgain() throws IOException {
        ship(false);
        interruptAt(8);
        byte[] kept = Files.readAllBytes(incomplete());
        Files.write(incomplete(), Arrays.copyOf(kept, 200_000));
        assertThat(restore()).isEqualTo(parts);
    }

    // ---- digests that cannot be copied

    /** SHA-256 of a security provider that does not support {@code clone}, as some of hardware tokens. */
    public static final class UncopyableSha256 extends MessageDigestSpi {
        private final MessageDigest digest;

        public UncopyableSha256() throws GeneralSecurityException {
            digest = MessageDigest.getInstance("SHA-256", "SUN");
        }

        @Override
        protected void engineUpdate(byte input) {
            digest.update(input);
        }

        @Override
        protected void engineUpdate(byte[] input, int from, int length) {
            digest.update(input, from, length);
        }

        @Override
        protected byte[] engineDigest() {
            return digest.digest();
        }

        @Override
        protected void engineReset() {
            digest.reset();
        }
    }

    private static final class Uncopyable extends Provider {
        private static final long serialVersionUID = 1;

        Uncopyable() {
            super("Uncopyable", "1", "SHA-256 without clone");
            put("MessageDigest.SHA-256", UncopyableSha256.class.getName());
        }
    }

    @Test
    void fileInOneObjectIsReadWithADigestThatCannotBeCopied() throws IOException {
        store = store.with(EncryptionKeys.NONE);
        try (Wal wal = SmallLog.open(source());
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store)) {
            SmallLog.append(wal, 200);
            shipper.ship();
        }
        ShipLog log = new ShipLog(store);
        Retries retries = new Retries(attempt -> {});
        Segment segment = new Prover(log, log.identity().orElseThrow(), retries, 1, slots -> {})
                .prove(Long.MAX_VALUE)
                .segments()
                .get(0);
        ObjectFiles files = new ObjectFiles(store, retries, Long.MAX_VALUE);
        Security.insertProviderAt(new Uncopyable(), 1);
        try {
            files.read(segment.stored(), ObjectFiles.NOWHERE);
        } finally {
            Security.removeProvider("Uncopyable");
        }
        assertThat(files.fetched()).isEqualTo(segment.objectBytes());
    }
}
