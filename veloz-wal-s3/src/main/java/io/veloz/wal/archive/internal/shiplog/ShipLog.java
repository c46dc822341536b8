package io.veloz.wal.archive.internal.shiplog;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec;
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
import org.jspecify.annotations.Nullable;

/** Reads and creates the slots of an archive, each request once. Any thread may call any method. */
public final class ShipLog {
    /** Slots that are never deleted, as they were checked: a walk that a failed request ended goes on where it was. */
    private static final int REMEMBERED_SLOTS = 16_384;

    private final ObjectStore store;
    private final Map<SlotRef, Slot> kept = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<SlotRef, Slot> eldest) {
            return size() > REMEMBERED_SLOTS;
        }
    });

    public ShipLog(ObjectStore store) {
        this.store = store;
    }

    public ObjectStore store() {
        return store;
    }

    /**
     * Which log the archive belongs to; empty if there is no archive yet. A {@code log.json} that is missing is taken from
     * the slots.
     *
     * @throws BadObjectException if it is missing, and the slots that there are do not repeat it
     */
    public Optional<LogIdentity> identity() throws IOException {
        Optional<LogIdentity> there = logJson();
        if (there.isPresent() || !holdsObjects()) {
            return there;
        }
        return Optional.of(ChainIdentity.recovered(this)
                .orElseThrow(() -> new BadObjectException(where(ArchiveKeys.LOG)
                        + ": is missing, and the archive holds objects; its slots do not repeat it"
                        + " (an earlier version wrote them)")));
    }

    /** The object {@code log.json}; empty if it is missing. */
    public Optional<LogIdentity> logJson() throws IOException {
        try (InputStream in = store.get(ArchiveKeys.LOG)) {
            byte[] bytes = in.readNBytes(LogIdentity.MAX_BYTES + 1);
            return Optional.of(LogIdentity.decode(where(ArchiveKeys.LOG), bytes));
        } catch (NoSuchObjectException e) {
            return Optional.empty();
        }
    }

    /** Whether there is any object of an archive but {@code log.json}. */
    public boolean holdsObjects() throws StoreException {
        return holdsObjects(new HashSet<>());
    }

    /** As {@link #holdsObjects()}, but for the places that are known to be empty; adds those that are. */
    public boolean holdsObjects(Set<String> empty) throws StoreException {
        for (String prefix : List.of(ArchiveKeys.SLOTS, ArchiveKeys.SEGMENTS, ArchiveKeys.ATTACHMENTS)) {
            if (!empty.contains(prefix) && !store.list(prefix, "").isEmpty()) {
                return true;
            }
            empty.add(prefix);
        }
        return false;
    }

    @Nullable
    Slot remembered(SlotRef ref) {
        return kept.get(ref);
    }

    void remember(SlotRef ref, Slot slot) {
        kept.put(ref, slot);
    }

    /** Creates the archive; false if there is one. */
    public boolean create(LogIdentity identity) throws StoreException {
        return store.putIfAbsent(ArchiveKeys.LOG, ObjectContent.of(identity.encode()));
    }

    /**
     * Reads a slot, and checks it as far as possible without its neighbours; empty if there is none of that number.
     *
     * @throws BadObjectException if it is damaged. It may have been damaged on the way: read it again
     */
    public Optional<SlotCodec.Decoded> slot(long number) throws IOException {
        return read(number, SlotCodec::read);
    }

    /** The same, but of a tail's content nothing is kept. */
    public Optional<SlotCodec.Decoded> check(long number) throws IOException {
        return copy(number, (bytes, length) -> {});
    }

    /** The same, with a tail's content handed on, piece by piece. What was handed on counts when this returns. */
    public Optional<SlotCodec.Decoded> copy(long number, SlotCodec.Content content) throws IOException {
        return read(number, (where, expected, in) -> SlotCodec.read(where, expected, in, content));
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

    /** Whether there is a slot of that number, without reading it. */
    public boolean has(long number) throws StoreException {
        return store.head(ArchiveKeys.slot(number)).isPresent();
    }

    /** Creates a slot; false if there is one of that number, whoever made it. */
    public boolean put(long number, byte[] slot) throws StoreException {
        return store.putIfAbsent(ArchiveKeys.slot(number), ObjectContent.of(slot));
    }

    /** Tells the numbers of all slots behind one, as the store lists them, ascending; a page of them at a time in memory. */
    public void list(long after, LongConsumer numbers) throws StoreException {
        long last = Math.max(0, after);
        for (List<Long> page = page(last); !page.isEmpty(); page = page(last)) {
            page.forEach(numbers::accept);
            last = page.get(page.size() - 1);
        }
    }

    /** The numbers of the next slots behind one, as the store lists them, ascending; none at the end. */
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
                                + "; a list that does not advance has no end",
                        null);
            }
            last = end;
        }
    }

    /** What messages call an object. */
    public String where(String key) {
        return store.describe() + "/" + key;
    }
}
