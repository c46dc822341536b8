package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** A store with the ship log of a very large archive, whose slots are generated when they are read: 99 tails per segment. */
final class LargeArchive implements ObjectStore {
    private static final int TO_A_SEGMENT = 100;
    private static final int TAIL_BYTES = 64;
    private static final byte[] CONTENT = new byte[TAIL_BYTES];
    private static final String LOG_ID = "0123456789abcdef".repeat(2);

    final LogIdentity identity = new LogIdentity(LOG_ID, "orders", Instant.EPOCH, 1, 1);
    private final int slots;
    private final byte[] digests;

    LargeArchive(int slots) {
        this.slots = slots;
        this.digests = new byte[32 * (slots + 1)];
        for (int number = 1; number <= slots; number++) {
            byte[] digest = HexFormat.of().parseHex(Digest.of(slot(number)));
            System.arraycopy(digest, 0, digests, 32 * number, 32);
        }
    }

    private String digest(int number) {
        return HexFormat.of().formatHex(digests, 32 * number, 32 * number + 32);
    }

    /** Slot 1 starts an epoch. After that, each hundredth slot commits the segment of the 99 tails before it. */
    private byte[] slot(int number) {
        int segment = (number - 2) / TO_A_SEGMENT + 1;
        int place = (number - 2) % TO_A_SEGMENT;
        int kept = number == 1 ? 0 : 1 + (number - 2) / TO_A_SEGMENT * TO_A_SEGMENT;
        long first = (segment - 1L) * (TO_A_SEGMENT - 1) + 1;
        int end = TAIL_BYTES * (place + 1);
        Part part;
        Archived archived;
        byte[] content = new byte[0];
        if (number == 1) {
            part = new Epoch(identity.text());
            archived = Archived.NOTHING;
        } else if (place < TO_A_SEGMENT - 1) {
            part = new Tail(segment, end - TAIL_BYTES, end, first + place, first + place, Digest.of(CONTENT));
            archived = new Archived(segment, end, first + place);
            content = CONTENT;
        } else {
            long last = first + place - 1;
            String key = ArchiveKeys.segment("orders", segment, 1);
            part = new Segment(
                    segment,
                    new StoredFile(key, 5000, Digest.NONE, 9000, Digest.NONE),
                    8000,
                    first,
                    last,
                    last - first + 1,
                    0,
                    0);
            archived = new Archived(segment, 9000, last);
        }
        Slot slot = new Slot(
                LOG_ID,
                identity.origin(),
                number,
                1,
                "ab".repeat(16),
                "host",
                Instant.EPOCH,
                number == 1 ? Digest.NONE : digest(number - 1),
                kept == 0 ? SlotRef.NONE : new SlotRef(kept, digest(kept)),
                archived,
                part);
        return SlotCodec.encode(slot, content);
    }

    @Override
    public String describe() {
        return "large";
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) {
        List<StoredObject> page = new ArrayList<>();
        if (!prefix.equals(ArchiveKeys.SLOTS)) {
            return page;
        }
        long after = Math.max(0, ArchiveKeys.slotNumber(afterKey));
        for (long number = after + 1; number <= slots && page.size() < 1000; number++) {
            page.add(new StoredObject(ArchiveKeys.slot(number), 900));
        }
        return page;
    }

    @Override
    public InputStream get(String key) throws NoSuchObjectException {
        long number = ArchiveKeys.slotNumber(key);
        if (number < 1 || number > slots) {
            throw new NoSuchObjectException(key, null);
        }
        return new ByteArrayInputStream(slot((int) number));
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<StoredObject> head(String key) {
        throw new UnsupportedOperationException();
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
