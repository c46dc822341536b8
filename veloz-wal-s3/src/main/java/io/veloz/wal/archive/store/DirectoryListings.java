package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Goes on with a listing where its last page ended, so that a million files are not read from their beginning for every
 * page. Any thread may call any method.
 *
 * <p>What is kept for the next page is used once, for ten seconds at most, and not after this store wrote anything. So a
 * listing that starts anew always sees all; the next page of one that is under way may be ten seconds old. A directory of
 * n files is read once for every 50,000 of them, or every ten seconds if the pages are fetched more slowly.
 *
 * <p>Memory: four listings, 50,000 names for each directory on the way down to where they are.
 */
final class DirectoryListings {
    static final int WINDOW_ENTRIES = 50_000;
    private static final int KEPT = 4;
    private static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Path root;
    private final int windowEntries;
    private final LongSupplier nanoClock;

    private record Place(String prefix, String lastKey) {}

    private record Kept(DirectoryListing listing, long readAtNanos, long change) {}

    // Both guarded by this.
    private final Map<Place, Kept> kept = new LinkedHashMap<>();
    private long change;

    private long scans;

    DirectoryListings(Path root, int windowEntries, LongSupplier nanoClock) {
        this.root = root;
        this.windowEntries = windowEntries;
        this.nanoClock = nanoClock;
    }

    List<StoredObject> page(String prefix, String afterKey) throws IOException {
        long now = nanoClock.getAsLong();
        Kept goingOn = take(new Place(prefix, afterKey), now);
        int scansBefore = goingOn.listing().scans();
        List<StoredObject> page = goingOn.listing().nextPage();
        boolean isFull = goingOn.listing().isFull(page);
        keep(prefix, page, isFull, goingOn, goingOn.listing().scans() - scansBefore);
        return page;
    }

    private Kept take(Place place, long now) throws IOException {
        long changeNow;
        synchronized (this) {
            Kept found = kept.remove(place);
            changeNow = change;
            if (found != null && found.change() == change && now - found.readAtNanos() < KEPT_NANOS) {
                return found;
            }
        }
        DirectoryListing fresh = new DirectoryListing(root, place.prefix(), place.lastKey(), windowEntries);
        synchronized (this) {
            scans += fresh.scans();
        }
        return new Kept(fresh, now, changeNow);
    }

    private synchronized void keep(
            String prefix, List<StoredObject> page, boolean isFull, Kept listing, int scansMore) {
        scans += scansMore;
        if (!isFull) {
            return;
        }
        kept.put(new Place(prefix, page.get(page.size() - 1).key()), listing);
        if (kept.size() > KEPT) {
            kept.remove(kept.keySet().iterator().next());
        }
    }

    /** This store has written: nothing that was read before is shown any more. */
    synchronized void forget() {
        change++;
        kept.clear();
    }

    /** How often a directory has been read from its beginning to its end. */
    synchronized long scans() {
        return scans;
    }
}
