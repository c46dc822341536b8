package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A cache of unfinished listings: a listing resumes where its last page ended, so that a directory with a million files is
 * not scanned again for every page. Thread-safe.
 *
 * <p>A cached listing is used once, within ten seconds, and only if this store has not written since. A new listing
 * therefore sees every object; a later page may be up to ten seconds stale. A directory of n files is scanned once per
 * 50,000 files, or every ten seconds if the pages are fetched more slowly.
 *
 * <p>Memory: four listings, each with 50,000 names for every directory on the path to its position.
 */
final class ListingCache {
    static final int WINDOW_ENTRIES = 50_000;
    private static final int MAX_LISTINGS = 4;
    private static final long MAX_AGE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Path root;
    private final int windowEntries;
    private final LongSupplier nanoClock;

    private record Resume(String prefix, String lastKey) {}

    private record Cached(DirectoryListing listing, long readAtNanos, long version) {}

    // All guarded by this.
    private final Map<Resume, Cached> cache = new LinkedHashMap<>();
    private long version;
    private long scans;

    ListingCache(Path root, int windowEntries, LongSupplier nanoClock) {
        this.root = root;
        this.windowEntries = windowEntries;
        this.nanoClock = nanoClock;
    }

    List<StoredObject> page(String prefix, String afterKey) throws IOException {
        long now = nanoClock.getAsLong();
        Cached cached = take(new Resume(prefix, afterKey), now);
        int scansBefore = cached.listing().scans();
        List<StoredObject> page = cached.listing().nextPage();
        boolean isFull = cached.listing().isFull(page);
        put(prefix, page, isFull, cached, cached.listing().scans() - scansBefore);
        return page;
    }

    private Cached take(Resume resume, long now) throws IOException {
        long versionNow;
        synchronized (this) {
            Cached found = cache.remove(resume);
            versionNow = version;
            if (found != null && found.version() == version && now - found.readAtNanos() < MAX_AGE_NANOS) {
                return found;
            }
        }
        DirectoryListing fresh = new DirectoryListing(root, resume.prefix(), resume.lastKey(), windowEntries);
        synchronized (this) {
            scans += fresh.scans();
        }
        return new Cached(fresh, now, versionNow);
    }

    private synchronized void put(
            String prefix, List<StoredObject> page, boolean isFull, Cached listing, int scansMore) {
        scans += scansMore;
        if (!isFull) {
            return;
        }
        cache.put(new Resume(prefix, page.get(page.size() - 1).key()), listing);
        if (cache.size() > MAX_LISTINGS) {
            cache.remove(cache.keySet().iterator().next());
        }
    }

    /** Discards all listings, after this store has written or deleted. */
    synchronized void invalidate() {
        version++;
        cache.clear();
    }

    /** The number of complete reads of a directory so far. */
    synchronized long scans() {
        return scans;
    }
}
