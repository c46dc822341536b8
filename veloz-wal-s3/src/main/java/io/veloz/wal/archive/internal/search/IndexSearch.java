package io.veloz.wal.archive.internal.search;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.internal.index.KeyHash;
import io.veloz.wal.archive.internal.proof.Lanes;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreDeniedException;
import io.veloz.wal.spi.RecordKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Searches the index of an archive. An index that is missing, damaged, denied or encrypted by a missing key is not used: its segments are
 * returned as not searched. Only an unavailable store is an error. Confined to one thread.
 */
public final class IndexSearch {
    private static final int PARALLELISM = 16;

    private final ObjectStore store;
    private final Retries retries;
    private final DataKeys dataKeys;
    private final KeyHash hash;
    private final IndexCover cover;
    private final NavigableMap<String, Long> objects;

    /** Why indexes are not used, by key. */
    private final SortedMap<String, String> findings = new TreeMap<>();

    /**
     * What a search has found.
     *
     * @param records the first record with the key, by the number of the segment
     * @param notSearched the numbers of the segments that have no usable index
     */
    public record Found(SortedMap<Long, Long> records, SortedSet<Long> notSearched) {}

    /** The result of one index; null if it cannot be used. */
    private record Answer(IndexRange range, @Nullable List<Long> records, String reason) {}

    /**
     * Lists the index.
     *
     * @param parts the segments of the archive
     */
    public IndexSearch(
            ObjectStore store, Retries retries, String logId, String prefix, RecordKeys keys, List<Part> parts)
            throws IOException {
        this.store = store;
        this.retries = retries;
        this.dataKeys = new DataKeys(store.encryptionKeys());
        this.hash = new KeyHash(logId);
        this.cover = new IndexCover(logId, prefix, keys, parts);
        this.objects =
                parts.isEmpty() ? new TreeMap<>() : listed(prefix, parts.get(0).number());
    }

    private NavigableMap<String, Long> listed(String prefix, long first) throws IOException {
        try {
            return IndexObjects.list(store, retries, prefix, first);
        } catch (StoreDeniedException e) {
            findings.put("index/", String.valueOf(e.getMessage()));
            return new TreeMap<>();
        }
    }

    /** Returns why indexes that exist are not used. */
    public List<String> findings() {
        return List.copyOf(findings.values());
    }

    /**
     * Searches some segments. One request is made for each merged index and for each other segment, with rare further ones.
     *
     * @param segments the numbers of the segments
     */
    public Found find(byte[] key, Collection<Long> segments) throws IOException {
        long wanted = hash.of(key);
        SortedMap<Long, Long> records = new TreeMap<>();
        SortedSet<Long> left = new TreeSet<>(segments);
        Set<Long> groups = new TreeSet<>();
        left.forEach(segment -> groups.add(IndexRange.lastOfGroup(segment)));
        List<IndexRange> merged = new ArrayList<>();
        groups.forEach(last -> cover.merged(last).filter(this::isUsable).ifPresent(merged::add));
        ask(merged, wanted, left, records);
        List<IndexRange> singles = new ArrayList<>();
        for (long segment : left) {
            if (cover.parts().containsKey(segment)) {
                IndexRange single = cover.single(segment);
                if (isUsable(single)) {
                    singles.add(single);
                }
            }
        }
        ask(singles, wanted, left, records);
        records.keySet().retainAll(new TreeSet<>(segments));
        return new Found(records, left);
    }

    private boolean isUsable(IndexRange range) {
        return objects.containsKey(range.key()) && !findings.containsKey(range.key());
    }

    private void ask(List<IndexRange> ranges, long wanted, SortedSet<Long> left, SortedMap<Long, Long> records)
            throws IOException {
        new Lanes(PARALLELISM, "veloz-wal-search")
                .<IndexRange, Answer>forEach(ranges, range -> answer(range, wanted), answer -> {
                    @Nullable List<Long> found = answer.records();
                    if (found == null) {
                        findings.put(answer.range().key(), answer.reason());
                        return;
                    }
                    left.removeIf(segment -> segment >= answer.range().from()
                            && segment <= answer.range().to());
                    for (long record : found) {
                        cover.segmentOf(record).ifPresent(segment -> records.merge(segment, record, Math::min));
                    }
                });
    }

    private Answer answer(IndexRange range, long wanted) throws IOException {
        try {
            long bytes = objects.getOrDefault(range.key(), 0L);
            return new Answer(range, new IndexReader(store, retries, dataKeys, range, bytes).find(wanted), "");
        } catch (BadObjectException | MissingKeyException | StoreDeniedException e) {
            return new Answer(range, null, String.valueOf(e.getMessage()));
        }
    }
}
