package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Builds the archive of a log step by step according to the protocol, as a shipper would. */
public final class TestArchive {
    public static final String WRITER = "ab".repeat(16);

    private final ObjectStore store;
    private final LogFiles files;
    private final LogIdentity identity;
    private String previous = Digest.NONE;
    private SlotRef kept = SlotRef.NONE;
    private Archived archived = Archived.NOTHING;
    private long number;
    private Instant base = Instant.EPOCH;
    private long epoch;
    private long committed;
    private final List<Long> tailSlots = new ArrayList<>();
    private final List<Long> tailSegments = new ArrayList<>();

    public TestArchive(ObjectStore store, Path log, long firstSegment, long firstSequence) throws IOException {
        this.store = store;
        this.files = LogFiles.of(log);
        this.identity = new LogIdentity(
                files.logId().orElseThrow(), files.prefix(), Instant.EPOCH, firstSegment, firstSequence);
        store.putIfAbsent(ArchiveKeys.LOG, ObjectContent.of(identity.encode()));
        epoch();
    }

    public TestArchive(ObjectStore store, Path log) throws IOException {
        this(store, log, 1, 1);
    }

    public TestArchive epoch() throws IOException {
        epoch++;
        return put(archived, new Epoch(identity.text()), new byte[0]);
    }

    /** Writes the next slots at that time. */
    public TestArchive at(Instant time) {
        base = time.minusSeconds(number + 1);
        return this;
    }

    public Archived archived() {
        return archived;
    }

    public long slots() {
        return number;
    }

    private TestArchive put(Archived reached, Part part, byte[] content) throws IOException {
        number++;
        Slot slot = new Slot(
                identity.logId(),
                identity.origin(),
                number,
                epoch,
                WRITER,
                "host",
                base.plusSeconds(number),
                previous,
                kept,
                reached,
                part);
        byte[] bytes = SlotCodec.encode(slot, content);
        store.putIfAbsent(ArchiveKeys.slot(number), ObjectContent.of(bytes));
        previous = Digest.of(bytes);
        archived = reached;
        if (slot.isKept()) {
            kept = new SlotRef(number, previous);
        } else {
            tailSlots.add(number);
            tailSegments.add(((Tail) part).segment());
        }
        return this;
    }

    /** Adds a sealed segment, and its slot. */
    public TestArchive segment(long segment) throws IOException {
        SealedSegment sealed = files.sealed(segment).orElseThrow();
        byte[] file = read(sealed.file());
        byte[] object = Lz4Frames.compress(file);
        String key = ArchiveKeys.segment(files.prefix(), segment, epoch);
        store.putIfAbsent(key, ObjectContent.of(object));
        Archived reached = archived.segment() > segment
                ? archived
                : new Archived(segment, sealed.fileBytes(), sealed.lastSequence());
        committed = segment;
        return put(
                reached,
                new Segment(
                        segment,
                        new StoredFile(key, object.length, Digest.of(object), file.length, Digest.of(file)),
                        sealed.dataBytes(),
                        sealed.firstSequence(),
                        sealed.lastSequence(),
                        sealed.records(),
                        sealed.minTimestampNanos(),
                        sealed.maxTimestampNanos()),
                new byte[0]);
    }

    /** Adds a range of sealed segments. */
    public TestArchive segments(long from, long to) throws IOException {
        for (long segment = from; segment <= to; segment++) {
            segment(segment);
        }
        return this;
    }

    /** Adds tails up to a record, each of at least the given size except the last one. */
    public TestArchive tails(int bytes, long untilSequence) throws IOException {
        try (SegmentReader reader =
                SegmentReader.open(files, archived.segment(), archived.position(), archived.sequence())) {
            ByteBuffer content = ByteBuffer.allocate(1 << 22);
            Tail tail = null;
            while (reader.next() && reader.lastSequence() <= untilSequence) {
                if (tail != null && (reader.segment() != tail.segment() || content.position() >= bytes)) {
                    put(content, tail);
                    tail = null;
                }
                long position = tail == null ? reader.position() : tail.position();
                long first = tail == null ? reader.firstSequence() : tail.firstSequence();
                content.limit(content.position() + (int) reader.bytes());
                reader.read(content, reader.position());
                content.limit(content.capacity());
                tail = new Tail(
                        reader.segment(), position, reader.endPosition(), first, reader.lastSequence(), Digest.NONE);
            }
            if (tail != null) {
                put(content, tail);
            }
        }
        return this;
    }

    private void put(ByteBuffer content, Tail tail) throws IOException {
        byte[] bytes = new byte[content.position()];
        content.flip().get(bytes);
        content.clear();
        put(
                new Archived(tail.segment(), tail.endPosition(), tail.lastSequence()),
                new Tail(
                        tail.segment(),
                        tail.position(),
                        tail.endPosition(),
                        tail.firstSequence(),
                        tail.lastSequence(),
                        Digest.of(bytes)),
                bytes);
    }

    public TestArchive gap(long first, long last, long nextSegment) throws IOException {
        // Tails before the gap are kept.
        tailSlots.clear();
        tailSegments.clear();
        Archived reached = archived.sequence() >= last ? archived : new Archived(nextSegment, 0, last);
        return put(reached, new Gap(first, last, nextSegment, "spool was full"), new byte[0]);
    }

    public TestArchive checkpoint(Path log, long sequence) throws IOException {
        byte[] file = java.nio.file.Files.readAllBytes(log.resolve(files.checkpointName()));
        byte[] object = Lz4Frames.compress(file);
        String key = ArchiveKeys.checkpoint(sequence, epoch);
        store.putIfAbsent(key, ObjectContent.of(object));
        return put(
                archived,
                new Attachment(
                        "checkpoint",
                        sequence,
                        new StoredFile(key, object.length, Digest.of(object), file.length, Digest.of(file))),
                new byte[0]);
    }

    /** Deletes the tails of committed segments. */
    public TestArchive dropTails() throws IOException {
        List<Long> drop = new ArrayList<>();
        for (int i = 0; i < tailSlots.size(); i++) {
            if (tailSegments.get(i) <= committed) {
                drop.add(tailSlots.get(i));
            }
        }
        store.delete(drop.stream().map(ArchiveKeys::slot).toList());
        return this;
    }

    /** Returns the slots of all tails so far. */
    public List<Long> tailSlots() {
        return List.copyOf(tailSlots);
    }

    private byte[] read(String name) throws IOException {
        try (InputStream in = files.open(name)) {
            return in.readAllBytes();
        }
    }
}
