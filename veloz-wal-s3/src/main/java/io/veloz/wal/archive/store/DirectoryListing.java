package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * A depth-first walk through the directories of a store in key order, one page at a time. It belongs to one thread at a
 * time.
 *
 * <p>Memory: one window of entries for each directory on the path from the root to the current position.
 */
final class DirectoryListing {
    private static final int PAGE = 1_000;

    private final Path root;
    private final String prefix;
    private final String after;
    private final int windowEntries;
    private final Deque<Position> stack = new ArrayDeque<>();
    private int scans;

    /** The position in one directory. Its key is empty for the root, and ends with a slash for every other directory. */
    private static final class Position {
        final String directoryKey;
        Window window;
        int next;

        Position(String directoryKey, Window window) {
            this.directoryKey = directoryKey;
            this.window = window;
        }
    }

    /**
     * The next entries of one directory, in key order.
     *
     * @param isLast whether the directory has no further entries
     */
    private record Window(List<Entry> entries, boolean isLast) {}

    /**
     * @param sortName the name, followed by a slash for a directory, so that it sorts as the keys below it do
     * @param bytes the size of the file; -1 for a directory
     */
    private record Entry(String sortName, long bytes) {
        boolean isDirectory() {
            return bytes < 0;
        }
    }

    private static final Comparator<Entry> BY_NAME = Comparator.comparing(Entry::sortName);

    /** Starts after a key. Reads the first directory. */
    DirectoryListing(Path root, String prefix, String after, int windowEntries) throws IOException {
        this.root = root;
        this.prefix = prefix;
        // "a/" as the start includes the keys below a. A window treats a name that ends with a slash as already listed.
        this.after = after.endsWith("/") ? after + '\0' : after;
        this.windowEntries = windowEntries;
        String top = prefix.substring(0, prefix.lastIndexOf('/') + 1);
        boolean isValid = top.isEmpty() || ObjectKeys.isKey(top.substring(0, top.length() - 1));
        boolean isAfter = top.isEmpty() || top.compareTo(this.after) > 0 || this.after.startsWith(top);
        if (isValid && isAfter) {
            enter(top);
        }
    }

    private void enter(String directoryKey) throws IOException {
        stack.push(new Position(directoryKey, read(directoryKey, below(after, directoryKey))));
    }

    private Window read(String directoryKey, String from) throws IOException {
        scans++;
        try {
            return scan(root.resolve(directoryKey), below(prefix, directoryKey), from);
        } catch (IOException e) {
            if (DirectoryErrors.meansMissing(e)) {
                return new Window(List.of(), true);
            }
            throw e;
        }
    }

    private static String below(String key, String directoryKey) {
        return key.startsWith(directoryKey) ? key.substring(directoryKey.length()) : "";
    }

    /** Returns the next objects. A page that is not full is the last one. */
    List<StoredObject> nextPage() throws IOException {
        List<StoredObject> page = new ArrayList<>();
        while (page.size() < PAGE && !stack.isEmpty()) {
            Position position = stack.element();
            List<Entry> entries = position.window.entries();
            if (position.next < entries.size()) {
                Entry entry = entries.get(position.next++);
                String key = position.directoryKey + entry.sortName();
                if (entry.isDirectory()) {
                    enter(key);
                } else {
                    page.add(new StoredObject(key, entry.bytes()));
                }
            } else if (position.window.isLast()) {
                stack.pop();
            } else {
                // The name of a directory ends with a slash, so the next window does not contain it again.
                position.window = read(
                        position.directoryKey, entries.get(entries.size() - 1).sortName());
                position.next = 0;
            }
        }
        return page;
    }

    boolean isFull(List<StoredObject> page) {
        return page.size() == PAGE;
    }

    /** The number of complete reads of a directory so far. */
    int scans() {
        return scans;
    }

    // ---- one directory

    /**
     * Reads the directory once, and returns the first {@code windowEntries} matching entries. Memory is bounded by that
     * number, however many files the directory contains.
     *
     * @param start prefix of the names; it may continue below a directory, which then matches
     * @param from names up to this one are skipped; it may continue below a directory, which then matches
     */
    private Window scan(Path directory, String start, String from) throws IOException {
        PriorityQueue<Entry> smallest = new PriorityQueue<>(BY_NAME.reversed());
        boolean cut = false;
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
            for (Path path : paths) {
                String name = path.getFileName().toString();
                if (!canMatch(name, start, from)) {
                    continue;
                }
                Entry worst = smallest.peek();
                if (worst != null && smallest.size() == windowEntries && name.compareTo(worst.sortName()) > 0) {
                    // Compared before the attributes are read: of a million names, only the few that stay need a stat.
                    cut = true;
                    continue;
                }
                Entry entry = entry(path, name);
                if (entry == null || !matches(entry.sortName(), start, from)) {
                    continue;
                }
                smallest.add(entry);
                if (smallest.size() > windowEntries) {
                    smallest.poll();
                    cut = true;
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        List<Entry> entries = new ArrayList<>(smallest);
        Collections.sort(entries, BY_NAME);
        return new Window(entries, !cut);
    }

    private static boolean canMatch(String name, String start, String from) {
        return ObjectKeys.isKey(name) && (matches(name, start, from) || matches(name + "/", start, from));
    }

    private static boolean matches(String sortName, String start, String from) {
        boolean isAfter = sortName.compareTo(from) > 0 || isParentOf(sortName, from);
        return isAfter && (sortName.startsWith(start) || isParentOf(sortName, start));
    }

    private static boolean isParentOf(String sortName, String name) {
        return sortName.endsWith("/") && name.length() > sortName.length() && name.startsWith(sortName);
    }

    /** Null if it is neither a file nor a directory, or was deleted meanwhile. */
    private static @Nullable Entry entry(Path path, String name) throws IOException {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isDirectory()) {
                return new Entry(name + "/", -1);
            }
            return attributes.isRegularFile() ? new Entry(name, attributes.size()) : null;
        } catch (IOException e) {
            if (DirectoryErrors.meansMissing(e)) {
                return null;
            }
            throw e;
        }
    }
}
