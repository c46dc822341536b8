package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A walk through the directories of a store in the order of keys, a page at a time. It belongs to one thread at a time.
 *
 * <p>Memory: one window for each directory on the way down to where the walk is.
 */
final class DirectoryListing {
    private static final int PAGE = 1_000;

    private final Path root;
    private final String prefix;
    private final String after;
    private final int windowEntries;
    private final Deque<Place> way = new ArrayDeque<>();
    private int scans;

    /** Where the walk is in one directory. Its key is empty for the root, and ends with a slash for every other. */
    private static final class Place {
        final String directoryKey;
        DirectoryWindow window;
        int next;

        Place(String directoryKey, DirectoryWindow window) {
            this.directoryKey = directoryKey;
            this.window = window;
        }
    }

    /** Starts behind a key. Reads the first directory. */
    DirectoryListing(Path root, String prefix, String after, int windowEntries) throws IOException {
        this.root = root;
        this.prefix = prefix;
        // Keys below a directory are wanted, then; the window takes a name that ends with a slash for one that is done.
        this.after = after.endsWith("/") ? after + '\0' : after;
        this.windowEntries = windowEntries;
        String top = prefix.substring(0, prefix.lastIndexOf('/') + 1);
        boolean isPlace = top.isEmpty() || ObjectKeys.isKey(top.substring(0, top.length() - 1));
        boolean isBehind = top.isEmpty() || top.compareTo(this.after) > 0 || this.after.startsWith(top);
        if (isPlace && isBehind) {
            enter(top);
        }
    }

    private void enter(String directoryKey) throws IOException {
        way.push(new Place(directoryKey, read(directoryKey, below(after, directoryKey))));
    }

    private DirectoryWindow read(String directoryKey, String from) throws IOException {
        scans++;
        try {
            return DirectoryWindow.read(root.resolve(directoryKey), below(prefix, directoryKey), from, windowEntries);
        } catch (IOException e) {
            if (DirectoryErrors.meansMissing(e)) {
                return new DirectoryWindow(List.of(), true);
            }
            throw e;
        }
    }

    private static String below(String key, String directoryKey) {
        return key.startsWith(directoryKey) ? key.substring(directoryKey.length()) : "";
    }

    /** The next objects; fewer than a page only at the end. */
    List<StoredObject> nextPage() throws IOException {
        List<StoredObject> page = new ArrayList<>();
        while (page.size() < PAGE && !way.isEmpty()) {
            Place place = way.element();
            List<DirectoryWindow.Entry> entries = place.window.entries();
            if (place.next < entries.size()) {
                DirectoryWindow.Entry entry = entries.get(place.next++);
                String key = place.directoryKey + entry.sortName();
                if (entry.isDirectory()) {
                    enter(key);
                } else {
                    page.add(new StoredObject(key, entry.bytes()));
                }
            } else if (place.window.isLast()) {
                way.pop();
            } else {
                // If that was a directory, then nothing below it is wanted again: it ends with its slash.
                place.window =
                        read(place.directoryKey, entries.get(entries.size() - 1).sortName());
                place.next = 0;
            }
        }
        return page;
    }

    boolean isFull(List<StoredObject> page) {
        return page.size() == PAGE;
    }

    /** How often a directory has been read from its beginning to its end. */
    int scans() {
        return scans;
    }
}
