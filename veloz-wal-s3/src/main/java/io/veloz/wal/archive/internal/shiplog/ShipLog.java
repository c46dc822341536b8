package io.veloz.wal.archive.internal.shiplog;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/** Reads and creates the slots of an archive, each request once. Any thread may call any method. */
public final class ShipLog {
    /** No object that is read into memory is larger: a tail's content compresses, or grows by little. */
    private static final int MAX_OBJECT_BYTES = SlotCodec.MAX_CONTENT_BYTES + 1024 * 1024;

    private final ObjectStore store;

    public ShipLog(ObjectStore store) {
        this.store = store;
    }

    public ObjectStore store() {
        return store;
    }

    /** Which log the archive belongs to; empty if there is no archive yet. */
    public Optional<LogIdentity> identity() throws IOException {
        Optional<byte[]> bytes = read(ArchiveKeys.LOG);
        return bytes.isEmpty()
                ? Optional.empty()
                : Optional.of(LogIdentity.decode(where(ArchiveKeys.LOG), bytes.get()));
    }

    /** Creates the archive; false if there is one. */
    public boolean create(LogIdentity identity) throws StoreException {
        return store.putIfAbsent(ArchiveKeys.LOG, ObjectContent.of(identity.encode()));
    }

    /**
     * Reads a slot, and checks it as far as it goes without its neighbours; empty if there is none of that number.
     *
     * @throws BadObjectException if it is not whole. It may have come over damaged: a second read tells
     */
    public Optional<SlotCodec.Decoded> slot(long number) throws IOException {
        String key = ArchiveKeys.slot(number);
        Optional<byte[]> bytes = read(key);
        return bytes.isEmpty() ? Optional.empty() : Optional.of(SlotCodec.decode(where(key), number, bytes.get()));
    }

    /** The same, but of a tail's content nothing is kept. */
    public Optional<SlotCodec.Decoded> check(long number) throws IOException {
        String key = ArchiveKeys.slot(number);
        Optional<byte[]> bytes = read(key);
        return bytes.isEmpty() ? Optional.empty() : Optional.of(SlotCodec.check(where(key), number, bytes.get()));
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

    private Optional<byte[]> read(String key) throws IOException {
        try (InputStream in = store.get(key)) {
            byte[] bytes = in.readNBytes(MAX_OBJECT_BYTES + 1);
            if (bytes.length > MAX_OBJECT_BYTES) {
                throw new BadObjectException(where(key) + ": more than " + MAX_OBJECT_BYTES + " bytes");
            }
            return Optional.of(bytes);
        } catch (NoSuchObjectException e) {
            return Optional.empty();
        }
    }

    private String where(String key) {
        return store.describe() + "/" + key;
    }
}
