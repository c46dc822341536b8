package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.crypt.IndependentDecryption;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.Storage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Small logs, a shipper without threads, and a verification of its archive. */
final class TestShip {
    static final int MAX_TAIL = 4096;

    private TestShip() {}

    static WalConfig.Builder config(Storage storage) {
        return WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1));
    }

    static Wal open(Storage storage) {
        return Wal.open(config(storage).build());
    }

    static void append(Wal wal, int count) {
        append(wal, count, "record");
    }

    static void append(Wal wal, int count, String text) {
        for (int i = 0; i < count; i++) {
            String payload = text + " " + (wal.lastSequence() + 1) + " " + "x".repeat(100);
            wal.appendDurable(1, ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8)));
        }
    }

    static ShipperConfig.Builder shipping(HeapStore store) {
        return ShipperConfig.builder(store).maxTailBytes(MAX_TAIL).tailGrace(Duration.ofNanos(1));
    }

    /** A shipper that runs on the caller's thread with a simulated clock. */
    static final class Stepper implements ShipProgress, AutoCloseable {
        final HeapStore store;
        final Shipping shipping;
        private long nanos;
        private boolean uploadFailed;
        long epoch;
        long archived;
        long releasedThrough;
        long gapsKnownFrom = Long.MAX_VALUE;
        long gapsWantedFrom = Long.MAX_VALUE;
        final List<String> gaps = new ArrayList<>();
        final List<String> failures = new ArrayList<>();

        Stepper(LocalLog log, HeapStore store) {
            this(log, store, shipping(store).build());
        }

        Stepper(LocalLog log, HeapStore store, ShipperConfig config) {
            this.store = store;
            this.shipping = new Shipping(
                    config,
                    log,
                    store,
                    this,
                    new Backoff(new Random(1)),
                    RateLimiter.UNLIMITED,
                    () -> ++nanos,
                    Runnable::run,
                    () -> {});
        }

        /** Takes steps until there is no more work, and retries failures. Stops if the client of the store has crashed. */
        void ship() {
            shipping.flush();
            nanos += Duration.ofHours(2).toNanos();
            int attempts = 0;
            while (attempts < 1000) {
                try {
                    if (!shipping.advance()) {
                        if (!uploadFailed || store.isDead()) {
                            return;
                        }
                        uploadFailed = false;
                        attempts++;
                        nanos += Duration.ofMinutes(2).toNanos();
                    }
                } catch (IOException e) {
                    attempts++;
                    if (store.isDead()) {
                        return;
                    }
                }
            }
            throw new AssertionError("still failing after " + attempts + " attempts");
        }

        WalException end() {
            try {
                ship();
            } catch (WalException e) {
                return e;
            }
            throw new AssertionError("shipping did not end");
        }

        @Override
        public void epochAcquired(long newEpoch, Archived upTo) {
            epoch = newEpoch;
        }

        @Override
        public void archived(Archived upTo, long released) {
            assertThat(upTo.sequence()).isGreaterThanOrEqualTo(archived);
            archived = upTo.sequence();
            releasedThrough = released;
        }

        @Override
        public void spool(long lagBytes, long spoolBytes, long lastSealed) {
            assertThat(lagBytes).isNotNegative();
        }

        @Override
        public void gap(long firstSequence, long lastSequence, boolean isNew) {
            if (isNew) {
                gaps.add(firstSequence + "-" + lastSequence);
            }
        }

        @Override
        public void gapsKnownFrom(long sequence) {
            gapsKnownFrom = sequence;
        }

        @Override
        public long gapsWantedFrom() {
            return gapsWantedFrom;
        }

        @Override
        public void failed(Job job, Throwable error) {
            failures.add(job + ": " + error.getMessage());
            uploadFailed |= job == Job.UPLOAD;
        }

        @Override
        public void succeeded(Job job) {}

        @Override
        public void close() {
            shipping.close();
        }
    }

    /** The content of a verified archive. */
    record Proven(LogIdentity identity, List<Slot> chain, SortedMap<Long, byte[]> segments, Archived archived) {}

    /**
     * Verifies an archive and joins its bytes. The chain is followed backwards from the last slot: through every slot to the
     * first byte of the first segment that is not committed, then along the kept slots to the first one.
     */
    static Proven prove(ObjectStore store) throws IOException {
        ShipLog shipLog = new ShipLog(store);
        LogIdentity identity = shipLog.identity().orElseThrow();
        TreeMap<Long, Slot> chain = new TreeMap<>();
        TreeMap<Long, TreeMap<Long, byte[]>> pieces = new TreeMap<>();
        long[] highest = new long[1];
        shipLog.list(0, number -> highest[0] = Math.max(highest[0], number));
        String expected = null;
        long number = highest[0];
        Map<Long, Segment> segments = new TreeMap<>();
        long lowestNeeded = Long.MAX_VALUE;
        while (number > 0) {
            var found = shipLog.slot(number);
            if (found.isEmpty()) {
                throw new AssertionError("slot " + number + " is missing");
            }
            assertThat(expected == null || expected.equals(found.get().sha256()))
                    .as("slot %d chains", number)
                    .isTrue();
            Slot slot = found.get().slot();
            chain.put(number, slot);
            if (slot.part() instanceof Tail tail) {
                pieces.computeIfAbsent(tail.segment(), any -> new TreeMap<>())
                        .put(tail.position(), found.get().content());
                lowestNeeded = Math.min(lowestNeeded, tail.segment());
            } else if (slot.part() instanceof Segment segment) {
                segments.put(segment.number(), segment);
            }
            long open =
                    segments.isEmpty() ? identity.firstSegment() : ((TreeMap<Long, Segment>) segments).lastKey() + 1;
            boolean denseDone = !segments.isEmpty()
                    && (slot.archived().segment() < open
                            || (slot.part() instanceof Tail tail && tail.segment() == open && tail.position() == 0));
            boolean dense = segments.isEmpty()
                    || !denseDone
                            && chain.get(highest[0]).archived().segment() >= open
                            && !(pieces.containsKey(open) && pieces.get(open).firstKey() == 0);
            if (dense) {
                expected = slot.previous();
                number--;
            } else {
                expected = slot.kept().sha256();
                number = slot.kept().number();
            }
        }
        SortedMap<Long, byte[]> bytes = new TreeMap<>();
        long next = identity.firstSegment();
        for (Segment segment : segments.values()) {
            boolean afterGap = false;
            for (Slot slot : chain.values()) {
                afterGap |= slot.part() instanceof Gap gap && gap.nextSegment() == segment.number();
            }
            assertThat(segment.number() == next || afterGap)
                    .as("segment %d follows", segment.number())
                    .isTrue();
            next = segment.number() + 1;
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            for (StoredFrame frame : segment.stored().frames()) {
                file.writeBytes(content(store, frame));
            }
            @Nullable IndependentDecryption key = key(store, segment.stored().encryption());
            byte[] whole = file.toByteArray();
            assertThat(key == null ? Digest.of(whole) : key.digest(whole)).isEqualTo(segment.fileSha256());
            bytes.put(segment.number(), whole);
        }
        for (var segment : pieces.tailMap(next).entrySet()) {
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            segment.getValue().forEach((position, content) -> {
                assertThat(position)
                        .as("piece of segment %d joins", segment.getKey())
                        .isEqualTo(joined.size());
                joined.writeBytes(content);
            });
            bytes.put(segment.getKey(), joined.toByteArray());
        }
        return new Proven(
                identity,
                List.copyOf(chain.values()),
                bytes,
                chain.lastEntry().getValue().archived());
    }

    private static byte[] content(ObjectStore store, StoredFrame frame) throws IOException {
        byte[] object;
        try (InputStream in = store.get(frame.key())) {
            object = in.readAllBytes();
        }
        assertThat(Digest.of(object)).isEqualTo(frame.objectSha256());
        assertThat(object).hasSize((int) frame.objectBytes());
        @Nullable IndependentDecryption key = key(store, frame.encryption());
        try (InputStream in =
                Lz4Frames.decompress(new ByteArrayInputStream(key == null ? object : clear(key, object)))) {
            byte[] content = in.readAllBytes();
            assertThat(content).hasSize((int) frame.fileBytes());
            return content;
        }
    }

    private static @Nullable IndependentDecryption key(ObjectStore store, @Nullable Encryption encryption) {
        return encryption == null
                ? null
                : new IndependentDecryption(store.encryptionKeys(), encryption.keyId(), encryption.wrapped());
    }

    /** An encrypted object begins with a head of 8 bytes and as many as the last four of them state. */
    private static byte[] clear(IndependentDecryption key, byte[] object) {
        int head = 8 + ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        return key.clear(Arrays.copyOf(object, head), Arrays.copyOfRange(object, head, object.length));
    }

    /** Verifies the archive, and that it equals the log byte for byte. */
    static void assertArchiveIsLog(ObjectStore store, Wal wal) throws IOException {
        Proven proven = prove(store);
        assertThat(proven.archived().sequence()).isEqualTo(wal.durableSequence());
        assertArchiveIsPrefix(store, wal);
    }

    static void assertArchiveIsPrefix(ObjectStore store, Wal wal) throws IOException {
        Proven proven = prove(store);
        assertThat(proven.archived().sequence()).isLessThanOrEqualTo(wal.durableSequence());
        Map<Long, byte[]> local = local(wal, proven.identity().firstSequence());
        for (var segment : proven.segments().entrySet()) {
            byte[] archived = segment.getValue();
            byte[] read = local.getOrDefault(segment.getKey(), new byte[0]);
            int common = Math.min(archived.length, read.length);
            assertThat(Arrays.copyOf(archived, common))
                    .as("segment %d", segment.getKey())
                    .isEqualTo(Arrays.copyOf(read, common));
            if (archived.length > common) {
                // The reader does not return the footer.
                try (InputStream in = wal.files().open(wal.files().sealedName(segment.getKey()))) {
                    assertThat(in.readAllBytes())
                            .as("segment %d", segment.getKey())
                            .isEqualTo(archived);
                }
            }
        }
    }

    /** Returns the durable bytes of the log by segment. */
    private static Map<Long, byte[]> local(Wal wal, long firstSequence) throws IOException {
        Map<Long, byte[]> bytes = new TreeMap<>();
        Archived from = new Archived(0, 0, firstSequence - 1);
        try (TailReader reader = new TailReader(LocalLog.of(wal))) {
            for (var piece = reader.next(from, MAX_TAIL); piece != null; piece = reader.next(from, MAX_TAIL)) {
                from = piece.end();
                ByteArrayOutputStream joined = new ByteArrayOutputStream();
                joined.writeBytes(bytes.getOrDefault(piece.tail().segment(), new byte[0]));
                joined.writeBytes(piece.content());
                bytes.put(piece.tail().segment(), joined.toByteArray());
            }
        }
        return bytes;
    }

    static List<Slot> slots(HeapStore store) throws IOException {
        List<Slot> slots = new ArrayList<>();
        for (var object : store.objects().entrySet()) {
            long number = ArchiveKeys.slotNumber(object.getKey());
            if (number > 0) {
                slots.add(SlotCodec.decode(object.getKey(), number, object.getValue())
                        .slot());
            }
        }
        return slots;
    }
}
