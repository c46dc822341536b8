package io.veloz.wal.archive.internal.shiplog;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/** Reads and creates the slots of an archive. It does not retry requests. Thread-safe. */
public final class ShipLog {
    /** Kept slots that were read and checked. A search that is repeated after a failed request does not read them again. */
    private static final int CACHED_SLOTS = 16_384;

    /** The same for slots of format 2, which name up to 512 others. */
    private static final int CACHED_SLOTS_WITH_A_CHAIN = 512;

    private final ObjectStore store;
    private final DataKeys keys;
    private final Map<SlotRef, Slot> kept = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<SlotRef, Slot> eldest) {
            return size() > (eldest.getValue().format() == 1 ? CACHED_SLOTS : CACHED_SLOTS_WITH_A_CHAIN);
        }
    });

    public ShipLog(ObjectStore store) {
        this.store = store;
        this.keys = new DataKeys(store.encryptionKeys());
    }

    public ObjectStore store() {
        return store;
    }

    /** Returns the keys of the content of slots and objects. */
    public DataKeys keys() {
        return keys;
    }

    /**
     * Returns the identity of the log that the archive belongs to; empty if the archive is empty. If {@code log.json} is
     * missing, the identity is read from the slots.
     *
     * @throws BadObjectException if {@code log.json} is missing, and the slots do not repeat it
     */
    public Optional<LogIdentity> identity() throws IOException {
        Optional<LogIdentity> existing = logJson();
        if (existing.isPresent() || !hasObjects()) {
            return existing;
        }
        return Optional.of(ChainIdentity.recovered(this)
                .orElseThrow(() -> new BadObjectException(where(ArchiveKeys.LOG)
                        + " is missing, the archive contains objects, and its slots do not repeat log.json (an earlier"
                        + " version wrote them)")));
    }

    /** Reads {@code log.json}; empty if it is missing. */
    public Optional<LogIdentity> logJson() throws IOException {
        try (InputStream in = store.get(ArchiveKeys.LOG)) {
            byte[] bytes = in.readNBytes(LogIdentity.MAX_BYTES + 1);
            return Optional.of(LogIdentity.decode(where(ArchiveKeys.LOG), bytes));
        } catch (NoSuchObjectException e) {
            return Optional.empty();
        }
    }

    /** Returns whether the archive contains any object apart from {@code log.json}. */
    public boolean hasObjects() throws StoreException {
        return hasObjects(new HashSet<>());
    }

    /** Does the same, skipping prefixes that are known to be empty. Adds those that it finds to be empty. */
    public boolean hasObjects(Set<String> empty) throws StoreException {
        for (String prefix : List.of(
                ArchiveKeys.SLOTS,
                ArchiveKeys.SEGMENTS,
                ArchiveKeys.ATTACHMENTS,
                ArchiveKeys.ENDS,
                ArchiveKeys.CARE,
                ArchiveKeys.INDEX)) {
            if (!empty.contains(prefix) && !store.list(prefix, "").isEmpty()) {
                return true;
            }
            empty.add(prefix);
        }
        return false;
    }

    /**
     * Returns a slot that is never deleted, by its digest.
     *
     * @throws BadObjectException if it is missing, damaged or another one
     */
    public Slot kept(SlotRef ref) throws IOException {
        Slot cached = kept.get(ref);
        if (cached != null) {
            return cached;
        }
        Decoded found = check(ref.number()).orElse(null);
        if (found == null || !found.sha256().equals(ref.sha256())) {
            throw new BadObjectException(where("slot " + ref.number())
                    + (found == null ? " is missing" : " does not match the digest in a later slot"));
        }
        kept.put(ref, found.slot());
        return found.slot();
    }

    /** Creates {@code log.json}. Returns false if it exists. */
    public boolean create(LogIdentity identity) throws StoreException {
        return store.putIfAbsent(ArchiveKeys.LOG, ObjectContent.of(identity.encode()));
    }

    /**
     * Reads a slot, and checks it as far as possible without its neighbours; empty if it does not exist.
     *
     * @throws BadObjectException if it is damaged. It may have been damaged in transit, so read it again
     */
    public Optional<SlotCodec.Decoded> slot(long number) throws IOException {
        return read(number, (where, expected, in) -> SlotCodec.read(where, expected, in, keys));
    }

    /** Does the same without keeping the content of a tail in memory. */
    public Optional<SlotCodec.Decoded> check(long number) throws IOException {
        return read(number, (where, expected, in) -> SlotCodec.read(where, expected, in, keys, (bytes, length) -> {}));
    }

    /**
     * Does the same, and passes on the content of a tail in chunks. The chunks are checked only when this method returns.
     *
     * @throws io.veloz.wal.archive.internal.crypt.MissingKeyException if it is encrypted, and the key is not configured
     */
    public Optional<SlotCodec.Decoded> copy(long number, SlotCodec.Content content) throws IOException {
        Optional<SlotCodec.Decoded> slot =
                read(number, (where, expected, in) -> SlotCodec.read(where, expected, in, keys, content));
        if (slot.isPresent()) {
            slot.get().checkUnlocked();
        }
        return slot;
    }

    private interface Reading {
        SlotCodec.Decoded read(String where, long number, InputStream in) throws IOException;
    }

    private Optional<SlotCodec.Decoded> read(long number, Reading reading) throws IOException {
        String key = ArchiveKeys.slot(number);
        try (InputStream in = store.get(key)) {
            return Optional.of(reading.read(where(key), number, in));
        } catch (NoSuchObjectException e) {
            return Optional.empty();
        }
    }

    /** Returns whether a slot exists, without reading it. */
    public boolean has(long number) throws StoreException {
        return store.head(ArchiveKeys.slot(number)).isPresent();
    }

    /** Creates a slot. Returns false if a slot with that number exists. */
    public boolean put(long number, byte[] slot) throws StoreException {
        return store.putIfAbsent(ArchiveKeys.slot(number), ObjectContent.of(slot));
    }

    /** Lists the numbers of all slots after one, in ascending order, with one page at a time in memory. */
    public void list(long after, LongConsumer numbers) throws StoreException {
        long last = Math.max(0, after);
        for (List<Long> page = page(last); !page.isEmpty(); page = page(last)) {
            page.forEach(numbers::accept);
            last = page.get(page.size() - 1);
        }
    }

    /** Lists the numbers of the next slots after one, in ascending order; empty at the end. */
    public List<Long> page(long after) throws StoreException {
        String last = after <= 0 ? "" : ArchiveKeys.slot(after);
        while (true) {
            List<StoredObject> page = store.list(ArchiveKeys.SLOTS, last);
            List<Long> numbers = page.stream()
                    .map(object -> ArchiveKeys.slotNumber(object.key()))
                    .filter(number -> number > 0)
                    .toList();
            if (page.isEmpty() || !numbers.isEmpty()) {
                return numbers;
            }
            String end = page.get(page.size() - 1).key();
            if (end.compareTo(last) <= 0) {
                throw new StoreException(
                        store.describe() + ": the page after " + last + " ends with " + end
                                + "; the list does not advance",
                        null);
            }
            last = end;
        }
    }

    /** Returns the name of an object in messages. */
    public String where(String key) {
        return store.describe() + "/" + key;
    }
}
