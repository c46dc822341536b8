package io.veloz.wal.archive;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.archive.internal.search.IndexSearch;
import io.veloz.wal.archive.internal.search.IndexSearch.Found;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;

/**
 * Finds the segments of an archive that contain a key, without reading them. Use {@link ArchiveReader#search} to create one. An
 * instance belongs to one thread.
 *
 * <p>A search makes one request for each 64 segments with a merged index, and one for each other segment with an index.
 *
 * <p><b>The index is no evidence.</b> What it finds are candidates: two keys may have the same hash, which happens once in 10^13
 * searches of a million keys. That it does not find a key proves nothing: no slot names the index, so anyone who may write to the archive can put
 * one that omits keys. To prove that a key is absent, read all segments.
 */
public final class ArchiveKeySearch {
    private final IndexSearch index;
    private final String archive;

    ArchiveKeySearch(IndexSearch index, String archive) {
        this.index = index;
        this.archive = archive;
    }

    /**
     * What a search has found. Immutable.
     *
     * @param records the sequence of the first record with the key, by the numbers of the segments that contain it
     * @param notSearched the numbers of the segments without a usable index. Read them
     */
    public record Result(SortedMap<Long, Long> records, SortedSet<Long> notSearched) {}

    /**
     * Searches some segments of the {@link ArchiveReader#report}.
     *
     * @throws io.veloz.wal.WalRestoreException if the store failed. A missing or damaged index is no failure
     */
    public Result find(byte[] key, Collection<SegmentReport> segments) {
        List<Long> numbers = segments.stream().map(SegmentReport::number).toList();
        Found found = ArchiveReader.uninterrupted(archive, () -> index.find(key, numbers));
        return new Result(found.records(), found.notSearched());
    }

    /** Returns why indexes that exist are not used, such as damage. {@link ArchiveIndex#update} makes damaged ones again. */
    public List<String> findings() {
        return index.findings();
    }
}
