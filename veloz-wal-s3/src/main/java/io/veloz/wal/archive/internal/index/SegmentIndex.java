package io.veloz.wal.archive.internal.index;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalReader;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.RecordKeys;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the index of one segment from its records. Confined to one thread. */
public final class SegmentIndex {
    private final ObjectStore store;
    private final DataKeys dataKeys;
    private final String logId;
    private final String prefix;
    private final RecordKeys keys;
    private final KeyHash hash;

    public SegmentIndex(ObjectStore store, String logId, String prefix, RecordKeys keys) {
        this.store = store;
        this.dataKeys = new DataKeys(store.encryptionKeys());
        this.logId = logId;
        this.prefix = prefix;
        this.keys = keys;
        this.hash = new KeyHash(logId);
    }

    /** Returns what the index of a segment is called and bound to. */
    public IndexRange range(IndexRange.Part part) {
        return IndexRange.of(logId, prefix, keys, List.of(part));
    }

    /**
     * Reads the records of a segment, and puts its index, if absent.
     *
     * @param log reads the log that contains the segment
     * @return the length of the index; empty if the segment has too many different keys
     * @throws io.veloz.wal.WalException if the records cannot be read
     * @throws IllegalArgumentException if they were trimmed
     */
    public Optional<Long> put(IndexRange.Part part, ReadOptions log) throws IOException {
        @Nullable IndexEntries entries = entries(part, log);
        if (entries == null) {
            return Optional.empty();
        }
        return Optional.of(put(store, dataKeys, range(part), entries));
    }

    /**
     * Puts an index, if absent.
     *
     * @return the length of the index
     */
    public static long put(ObjectStore store, DataKeys dataKeys, IndexRange range, IndexEntries entries)
            throws IOException {
        @Nullable String keyId = range.keyId();
        IndexContent content = IndexContent.of(range, entries, keyId == null ? null : dataKeys.next(keyId));
        // An object with that key has the same entries: its key contains what is indexed, and by what.
        boolean unused = store.putIfAbsent(range.key(), content);
        return content.length();
    }

    private @Nullable IndexEntries entries(IndexRange.Part part, ReadOptions log) {
        KeyTable table = new KeyTable(part.firstSequence());
        boolean[] full = {false};
        try (WalReader reader =
                WalReader.open(log.fromSequence(part.firstSequence()).untilSequence(part.lastSequence()))) {
            while (!full[0] && reader.next()) {
                long sequence = reader.sequence();
                keys.find(reader.type(), reader.payload(), key -> full[0] |= !table.add(hash.of(key), sequence));
            }
        }
        return full[0] ? null : table.sorted();
    }
}
