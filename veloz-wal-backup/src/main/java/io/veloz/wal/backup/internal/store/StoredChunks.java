package io.veloz.wal.backup.internal.store;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.Attachment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds whether the chunks of an attachment are in the store, by one listing for each attachment. The chunks of an attachment
 * do not change, so the answer is kept. It belongs to one thread.
 */
public final class StoredChunks {
    private final ObjectStore store;
    private final Map<String, Optional<String>> problems = new HashMap<>();

    public StoredChunks(ObjectStore store) {
        this.store = store;
    }

    /** Returns the first chunk that is missing or has another size than the attachment names; empty if all are stored. */
    public Optional<String> problem(Attachment attachment) throws StoreException {
        Optional<String> known = problems.get(attachment.id());
        if (known == null) {
            known = compare(attachment);
            problems.put(attachment.id(), known);
        }
        return known;
    }

    private Optional<String> compare(Attachment attachment) throws StoreException {
        Map<String, Long> stored = list(attachment);
        for (int i = 0; i < attachment.chunks().size(); i++) {
            String key = attachment.chunkKey(i);
            Long bytes = stored.get(key);
            long expected = attachment.chunks().get(i).bytes();
            if (bytes == null) {
                return Optional.of(key + " is missing");
            } else if (bytes != expected) {
                return Optional.of(key + " has " + bytes + " bytes; expected " + expected);
            }
        }
        return Optional.empty();
    }

    private Map<String, Long> list(Attachment attachment) throws StoreException {
        String first = attachment.chunkKey(0);
        String prefix = first.substring(0, first.lastIndexOf(".chunk"));
        Map<String, Long> bytes = new HashMap<>();
        String after = "";
        while (true) {
            List<StoredObject> page = store.list(prefix, after);
            if (page.isEmpty()) {
                return bytes;
            }
            for (StoredObject object : page) {
                bytes.put(object.key(), object.bytes());
                after = object.key();
            }
        }
    }
}
