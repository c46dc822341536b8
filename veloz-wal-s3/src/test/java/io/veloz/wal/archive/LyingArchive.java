package io.veloz.wal.archive;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ChainState;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.store.HeapStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * An archive with wrong statements and correct digests. The digests of the whole chain are computed again after each change,
 * so that only the content reveals it.
 */
final class LyingArchive {
    final TreeMap<Long, Slot> slots = new TreeMap<>();
    final Map<Long, byte[]> contents = new HashMap<>();
    final TreeMap<String, byte[]> objects = new TreeMap<>();

    /** Changes to the bytes of slots, which are applied before the digest in the trailer is computed. */
    private final Map<Long, UnaryOperator<byte[]>> raw = new HashMap<>();

    LogIdentity identity;

    LyingArchive(HeapStore honest) throws IOException {
        Map<String, byte[]> all = honest.objects();
        identity = LogIdentity.decode("log.json", all.get(ArchiveKeys.LOG));
        for (var object : all.entrySet()) {
            long number = ArchiveKeys.slotNumber(object.getKey());
            if (number > 0) {
                SlotCodec.Decoded decoded = SlotCodec.decode(object.getKey(), number, object.getValue());
                slots.put(number, decoded.slot());
                contents.put(number, decoded.content());
            } else if (!object.getKey().equals(ArchiveKeys.LOG)) {
                objects.put(object.getKey(), object.getValue().clone());
            }
        }
    }

    List<Long> numbers(Class<? extends Part> kind) {
        return slots.values().stream()
                .filter(slot -> kind.isInstance(slot.part()))
                .map(Slot::number)
                .toList();
    }

    LyingArchive part(long number, UnaryOperator<Part> lie) {
        slots.computeIfPresent(number, (any, slot) -> with(slot, slot.origin(), lie.apply(slot.part())));
        return this;
    }

    static Slot with(Slot slot, String origin, Part part) {
        return new Slot(
                slot.logId(),
                origin,
                slot.number(),
                slot.epoch(),
                slot.writer(),
                slot.host(),
                slot.written(),
                slot.previous(),
                slot.kept(),
                slot.archived(),
                part,
                slot.instance(),
                slot.chain());
    }

    LyingArchive segment(long number, UnaryOperator<Segment> lie) {
        return part(number, part -> lie.apply((Segment) part));
    }

    /** Changes the file in the object of a segment, and states its size and digest in the slot. */
    LyingArchive file(long number, UnaryOperator<byte[]> lie) throws IOException {
        Segment segment = (Segment) slots.get(number).part();
        byte[] file;
        try (InputStream in = Lz4Frames.decompress(new ByteArrayInputStream(objects.get(segment.key())))) {
            file = lie.apply(in.readAllBytes());
        }
        byte[] object = Lz4Frames.compress(file);
        objects.put(segment.key(), object);
        return segment(
                number,
                s -> new Segment(
                        s.number(),
                        new StoredFile(s.key(), object.length, Digest.of(object), file.length, Digest.of(file)),
                        s.dataBytes(),
                        s.firstSequence(),
                        s.lastSequence(),
                        s.records(),
                        s.minTimestampNanos(),
                        s.maxTimestampNanos()));
    }

    /** Changes an object, and states its size and digest in the slot. */
    LyingArchive object(String key, UnaryOperator<byte[]> lie) {
        byte[] object = lie.apply(objects.get(key));
        objects.put(key, object);
        slots.replaceAll((number, slot) -> with(slot, slot.origin(), naming(slot.part(), key, object)));
        return this;
    }

    private static Part naming(Part part, String key, byte[] object) {
        if (part instanceof Segment s && s.key().equals(key)) {
            return new Segment(
                    s.number(),
                    new StoredFile(key, object.length, Digest.of(object), s.fileBytes(), s.fileSha256()),
                    s.dataBytes(),
                    s.firstSequence(),
                    s.lastSequence(),
                    s.records(),
                    s.minTimestampNanos(),
                    s.maxTimestampNanos());
        } else if (part instanceof Attachment a && a.key().equals(key)) {
            return new Attachment(
                    a.name(),
                    a.sequence(),
                    new StoredFile(key, object.length, Digest.of(object), a.fileBytes(), a.fileSha256()));
        }
        return part;
    }

    /** Changes the bytes of a tail, and states their length and digest in the slot. */
    LyingArchive content(long number, UnaryOperator<byte[]> lie) {
        byte[] content = lie.apply(contents.get(number));
        contents.put(number, content);
        return part(number, part -> {
            Tail tail = (Tail) part;
            return new Tail(
                    tail.segment(),
                    tail.position(),
                    tail.position() + content.length,
                    tail.firstSequence(),
                    tail.lastSequence(),
                    Digest.of(content));
        });
    }

    /** Changes the bytes of a slot before its trailer. */
    LyingArchive raw(long number, UnaryOperator<byte[]> lie) {
        raw.put(number, lie);
        return this;
    }

    /** Changes log.json, and its digest in every slot. */
    LyingArchive identity(UnaryOperator<LogIdentity> lie) {
        identity = lie.apply(identity);
        slots.replaceAll((number, slot) ->
                with(slot, identity.origin(), slot.part() instanceof Epoch ? new Epoch(identity.text()) : slot.part()));
        return this;
    }

    /** Returns the archive with all digests computed again. */
    HeapStore store() {
        HeapStore store = new HeapStore();
        store.damage(ArchiveKeys.LOG, identity.encode());
        objects.forEach(store::damage);
        Map<Long, String> digests = new HashMap<>();
        slots.forEach((number, slot) -> {
            Slot repaired = new Slot(
                    slot.logId(),
                    slot.origin(),
                    slot.number(),
                    slot.epoch(),
                    slot.writer(),
                    slot.host(),
                    slot.written(),
                    digests.getOrDefault(number - 1, slot.previous()),
                    repaired(slot.kept(), digests),
                    slot.archived(),
                    slot.part(),
                    slot.instance(),
                    slot.chain() == null ? null : repaired(slot.chain(), digests));
            byte[] bytes = SlotCodec.encode(repaired, contents.get(number));
            if (raw.containsKey(number)) {
                bytes = sealed(raw.get(number).apply(java.util.Arrays.copyOf(bytes, bytes.length - 40)));
            }
            digests.put(number, Digest.of(bytes));
            store.damage(ArchiveKeys.slot(number), bytes);
        });
        return store;
    }

    private static ChainState repaired(ChainState chain, Map<Long, String> digests) {
        return new ChainState(
                chain.since().stream().map(ref -> repaired(ref, digests)).toList(),
                repaired(chain.summary(), digests),
                repaired(chain.checkpoint(), digests),
                chain.checkpointSequence(),
                chain.totals());
    }

    private static SlotRef repaired(SlotRef ref, Map<Long, String> digests) {
        return new SlotRef(ref.number(), digests.getOrDefault(ref.number(), ref.sha256()));
    }

    /** Appends the correct trailer. */
    static byte[] sealed(byte[] body) {
        byte[] slot = java.util.Arrays.copyOf(body, body.length + 40);
        byte[] head = {0x51, 0x2A, 0x4D, 0x18, 32, 0, 0, 0};
        System.arraycopy(head, 0, slot, body.length, 8);
        System.arraycopy(Digest.sha256().digest(body), 0, slot, body.length + 8, 32);
        return slot;
    }
}
