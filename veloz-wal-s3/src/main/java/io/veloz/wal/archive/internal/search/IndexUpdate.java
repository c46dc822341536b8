package io.veloz.wal.archive.internal.search;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.index.IndexEntries;
import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.internal.index.SegmentIndex;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreDeniedException;
import io.veloz.wal.spi.RecordKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Makes the indexes that an archive does not have. Several processes may do so at once. Confined to one thread.
 *
 * <p>An index is a cache: no slot names it, and it may be missing at any time.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><th>cut at</th><th>state</th><th>next call</th></tr>
 * <tr><td>before the index of a segment is put</td><td>searches read the segment</td><td>makes the index</td></tr>
 * <tr><td>index put, its answer is lost</td><td>the index, which is used</td><td>finds it</td></tr>
 * <tr><td>before a merged index is put</td><td>searches read 64 indexes instead of one</td><td>makes it</td></tr>
 * <tr><td>a damaged index was deleted, and not made again</td><td>searches read its segments</td><td>makes it</td></tr>
 * </table>
 */
public final class IndexUpdate {
    /** Limit of the size of a merged index. A larger one saves requests that cost less than its storage. */
    private static final long MAX_MERGED_BYTES = 1L << 30;

    private final ObjectStore store;
    private final Retries retries;
    private final DataKeys dataKeys;
    private final SegmentIndex segments;
    private final IndexCover cover;
    private final NavigableMap<String, Long> objects;
    private final List<String> findings = new ArrayList<>();
    private long made;
    private long merged;
    private long bytes;

    /**
     * What was done.
     *
     * @param segments the number of segments
     * @param made the number of segments that have an index now, and had none
     * @param merged the number of merged indexes that were made
     * @param bytes the size of all indexes that were made
     * @param findings segments that could not be indexed, and why
     */
    public record Result(long segments, long made, long merged, long bytes, List<String> findings) {}

    /** @param parts the segments of the archive */
    public IndexUpdate(
            ObjectStore store, Retries retries, String logId, String prefix, RecordKeys keys, List<Part> parts)
            throws IOException {
        this.store = store;
        this.retries = retries;
        this.dataKeys = new DataKeys(store.encryptionKeys());
        this.segments = new SegmentIndex(store, logId, prefix, keys);
        this.cover = new IndexCover(logId, prefix, keys, parts);
        this.objects = IndexObjects.list(store, retries, prefix, 0);
    }

    /**
     * Makes all indexes that are missing.
     *
     * @param log reads the archive
     * @param checks whether the existing ones are read, and damaged ones are made again
     * @param progress receives the number of segments that are done
     */
    public Result run(ReadOptions log, boolean checks, LongConsumer progress) throws IOException {
        long done = 0;
        for (Part part : cover.parts().values()) {
            IndexRange range = cover.single(part.number());
            if (!exists(range, checks)) {
                make(part, range, log);
            }
            progress.accept(++done);
        }
        for (long last : cover.parts().keySet()) {
            if (IndexRange.lastOfGroup(last) == last) {
                merge(last, checks);
            }
        }
        return new Result(cover.parts().size(), made, merged, bytes, List.copyOf(findings));
    }

    /** Makes the merged index that ends with that segment, if the indexes of its segments exist. */
    public Result merge(long last) throws IOException {
        merge(last, false);
        return new Result(0, made, merged, bytes, List.copyOf(findings));
    }

    private boolean exists(IndexRange range, boolean checks) throws IOException {
        Long size = objects.get(range.key());
        if (size == null || !checks) {
            return size != null;
        }
        try {
            check(reader(range, size));
            return true;
        } catch (BadObjectException e) {
            return !isDeleted(range.key(), e);
        } catch (MissingKeyException e) {
            findings.add(e.getMessage() + "; the index is not checked");
            return true;
        }
    }

    private static void check(IndexEntries entries) throws IOException {
        long count = 0;
        try (IndexEntries.Cursor cursor = entries.open()) {
            while (cursor.next()) {
                count++;
            }
        }
        if (count != entries.count()) {
            throw new BadObjectException("an index has " + count + " entries; expected " + entries.count());
        }
    }

    private boolean isDeleted(String key, BadObjectException damage) throws IOException {
        findings.add(damage.getMessage() + "; it is made again");
        try {
            retries.call(() -> {
                store.delete(List.of(key));
                return true;
            });
        } catch (StoreDeniedException e) {
            findings.add(e.getMessage() + "; the damaged index stays, and its segments are read instead");
            return false;
        }
        objects.remove(key);
        return true;
    }

    private void make(Part part, IndexRange range, ReadOptions log) throws IOException {
        if (!range.isIndexable()) {
            findings.add("segment " + part.number() + " has too many records for an index");
            return;
        }
        try {
            Optional<Long> size = retries.call(() -> segments.put(part, log));
            if (size.isEmpty()) {
                findings.add("segment " + part.number() + " has too many different keys for an index");
                return;
            }
            put(range, size.get());
            made++;
        } catch (WalCorruptException e) {
            findings.add(e.getMessage());
        } catch (WalRestoreException e) {
            if (e.reason() != Reason.DAMAGED && e.reason() != Reason.RETIRED && e.reason() != Reason.KEY_MISSING) {
                throw e;
            }
            findings.add(e.getMessage());
        }
    }

    private void put(IndexRange range, long size) {
        objects.put(range.key(), size);
        bytes += size;
    }

    private void merge(long last, boolean checks) throws IOException {
        Optional<IndexRange> range = cover.merged(last);
        if (range.isEmpty() || exists(range.get(), checks)) {
            return;
        }
        List<IndexReader> sources = new ArrayList<>();
        long total = 0;
        try {
            for (long segment = range.get().from(); segment <= last; segment++) {
                IndexRange single = cover.single(segment);
                Long size = objects.get(single.key());
                if (size == null || (total += size) > MAX_MERGED_BYTES) {
                    return;
                }
                sources.add(reader(single, size));
            }
            IndexRange all = range.get();
            long size = retries.call(() -> SegmentIndex.put(store, dataKeys, all, new MergedEntries(sources)));
            put(all, size);
            merged++;
        } catch (BadObjectException e) {
            findings.add(e.getMessage() + "; check the index");
        }
    }

    private IndexReader reader(IndexRange range, long size) throws BadObjectException {
        return new IndexReader(store, retries, dataKeys, range, size);
    }
}
