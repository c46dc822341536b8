package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * An archive of many segments, whose slots real writers put into memory. It keeps the bytes of the summaries and of the newest
 * slots only: to read any other slot is an error. Counts requests and bytes, and can answer after a round trip, as a distant
 * store does. Thread-safe.
 */
final class SyntheticArchive implements ObjectStore {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    private static final int RECORDS = 10;
    private static final int TAILS = 9;
    private static final int TAIL_BYTES = 16;
    private static final int FILE_BYTES = 9000;
    private static final int NEWEST = 1500;
    private static final byte[] NOT_KEPT = new byte[0];

    final LogIdentity identity = new LogIdentity("ab".repeat(16), "orders", Instant.EPOCH, 1, 1);
    private final NavigableMap<String, byte[]> slots = new TreeMap<>();
    private final Deque<String> newest = new ArrayDeque<>();
    private final int segments;
    private volatile long roundTripNanos;
    private long gets;
    private long lists;
    private long bytes;

    /** Makes an archive with one epoch for each 500 segments, a checkpoint for each 100, and tails after the last segment. */
    SyntheticArchive(int segments) throws IOException {
        this.segments = segments;
        ShipLog log = new ShipLog(this);
        SlotWriter writer = null;
        Summarizer summarizer = null;
        for (int segment = 1; segment <= segments; segment++) {
            if (writer == null || segment % 500 == 0) {
                writer = start(log, segment, 0);
                summarizer = Summarizer.at(log, Summarizer.FAN_OUT, writer.tip());
                collect(summarizer);
            }
            tails(writer, summarizer, segment);
            segment(writer, summarizer, segment);
            if (segment % 100 == 0) {
                checkpoint(writer, summarizer, (long) segment * RECORDS);
            }
        }
        tails(writer, summarizer, segments + 1);
        gets = 0;
        lists = 0;
        bytes = 0;
    }

    /** Every request from now on takes this time; requests of several threads take it at the same time. */
    void answerAfter(long millis) {
        roundTripNanos = TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private void travel() {
        long until = System.nanoTime() + roundTripNanos;
        for (long left = roundTripNanos; left > 0; left = until - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** @param hint the slot with which the search for the tip begins; 0 for none */
    SlotWriter start(ShipLog log, int id, long hint) throws IOException {
        String writerId = String.format(Locale.ROOT, "%032x", id);
        SlotWriter writer =
                new SlotWriter(log, identity, writerId, "cd".repeat(16), "host", CLOCK, WriterState.searchFrom(hint));
        while (writer.phase() != Phase.READY) {
            if (writer.phase() == Phase.CHECK) {
                writer.claim(new Epoch(identity.text()));
            } else {
                writer.step();
            }
        }
        return writer;
    }

    private static void collect(Summarizer summarizer) throws IOException {
        while (summarizer.hasStep()) {
            summarizer.step();
        }
    }

    private static void put(SlotWriter writer, Summarizer summarizer, Archived archived, Part part, byte[] content)
            throws IOException {
        while (summarizer.isReady()) {
            Summarizer.Next next = summarizer.next();
            putNow(writer, summarizer, writer.tip().archived(), next.part(), next.content());
            collect(summarizer);
        }
        putNow(writer, summarizer, archived, part, content);
    }

    private static void putNow(SlotWriter writer, Summarizer summarizer, Archived archived, Part part, byte[] content)
            throws IOException {
        writer.put(archived, part, content);
        writer.step();
        summarizer.added(writer.tip().slot(), writer.tip().sha256());
    }

    private static void tails(SlotWriter writer, Summarizer summarizer, int segment) throws IOException {
        byte[] content = new byte[TAIL_BYTES];
        String sha256 = Digest.of(content);
        for (int tail = 0; tail < TAILS; tail++) {
            long sequence = (segment - 1L) * RECORDS + tail + 1;
            int end = TAIL_BYTES * (tail + 1);
            put(
                    writer,
                    summarizer,
                    new Archived(segment, end, sequence),
                    new Tail(segment, end - TAIL_BYTES, end, sequence, sequence, sha256),
                    content);
        }
    }

    private void segment(SlotWriter writer, Summarizer summarizer, int segment) throws IOException {
        long last = (long) segment * RECORDS;
        StoredFile stored = new StoredFile(
                ArchiveKeys.segment("orders", segment, writer.epoch()), 5000, Digest.NONE, FILE_BYTES, Digest.NONE);
        Part part = new Segment(segment, stored, 8000, last - RECORDS + 1, last, RECORDS, 0, 0);
        put(writer, summarizer, new Archived(segment, FILE_BYTES, last), part, new byte[0]);
        // Clean-up without a grace.
        synchronized (this) {
            slots.tailMap(ArchiveKeys.slot(Math.max(1, writer.tip().number() - 4 * RECORDS)), true)
                    .headMap(ArchiveKeys.slot(writer.tip().number()), false)
                    .values()
                    .removeIf(SyntheticArchive::isTail);
        }
    }

    private static boolean isTail(byte[] slot) {
        return slot.length > 0
                && new String(slot, 8, 60, java.nio.charset.StandardCharsets.ISO_8859_1).contains("TAIL");
    }

    private static void checkpoint(SlotWriter writer, Summarizer summarizer, long sequence) throws IOException {
        String key = ArchiveKeys.checkpoint(sequence, writer.epoch());
        Part part = new Attachment("checkpoint", sequence, new StoredFile(key, 5, Digest.NONE, 5, Digest.NONE));
        put(writer, summarizer, writer.tip().archived(), part, new byte[0]);
    }

    long records() {
        return (long) segments * RECORDS + TAILS;
    }

    synchronized long numbers() {
        return ArchiveKeys.slotNumber(slots.lastKey());
    }

    synchronized long gets() {
        return gets;
    }

    synchronized long lists() {
        return lists;
    }

    synchronized long bytes() {
        return bytes;
    }

    @Override
    public String describe() {
        return "synthetic";
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        travel();
        return add(key, content);
    }

    private synchronized boolean add(String key, ObjectContent content) throws StoreException {
        if (slots.containsKey(key)) {
            return false;
        }
        try (InputStream in = content.open()) {
            slots.put(key, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        newest.addLast(key);
        if (newest.size() > NEWEST) {
            slots.computeIfPresent(newest.removeFirst(), (any, old) -> isSummary(old) ? old : NOT_KEPT);
        }
        return true;
    }

    private static boolean isSummary(byte[] slot) {
        return new String(slot, 8, 60, java.nio.charset.StandardCharsets.ISO_8859_1).contains("SUMMARY");
    }

    @Override
    public InputStream get(String key) throws StoreException {
        travel();
        return read(key);
    }

    private synchronized InputStream read(String key) throws StoreException {
        gets++;
        byte[] object = key.equals(ArchiveKeys.LOG) ? identity.encode() : slots.get(key);
        if (object == null) {
            throw new NoSuchObjectException(key, null);
        }
        if (object.length == 0) {
            throw new AssertionError("a read of " + key + ", which a SUMMARY repeats");
        }
        bytes += object.length;
        return new ByteArrayInputStream(object);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) {
        travel();
        return page(prefix, afterKey);
    }

    private synchronized List<StoredObject> page(String prefix, String afterKey) {
        lists++;
        List<StoredObject> page = new ArrayList<>();
        if (prefix.equals(ArchiveKeys.SLOTS)) {
            for (String key : slots.tailMap(afterKey.isEmpty() ? "ship/" : afterKey, false)
                    .keySet()) {
                page.add(new StoredObject(key, 900));
                if (page.size() == 1000) {
                    break;
                }
            }
        }
        return page;
    }

    @Override
    public Optional<StoredObject> head(String key) {
        travel();
        if (!key.startsWith(ArchiveKeys.CARE)) {
            throw new UnsupportedOperationException();
        }
        // The archive has no care records.
        return Optional.empty();
    }

    @Override
    public InputStream get(String key, long from, long length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void delete(List<String> keys) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
