package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The next entries of one directory behind a name, in the order of keys: at most so many, whatever the directory holds.
 * It belongs to one thread.
 *
 * @param entries in order
 * @param isLast whether the directory ends with them
 */
record DirectoryWindow(List<Entry> entries, boolean isLast) {
    /**
     * @param sortName the name, with a slash behind it if it is a directory: so it compares as the keys below it do
     * @param bytes the file's size; -1 for a directory
     */
    record Entry(String sortName, long bytes) {
        boolean isDirectory() {
            return bytes < 0;
        }
    }

    private static final Comparator<Entry> BY_NAME = Comparator.comparing(Entry::sortName);

    /**
     * Reads the directory once.
     *
     * @param after what the names are to be behind; it may go on below a directory, which is then in the window
     * @param start what the names are to begin with; it may go on below a directory, too
     */
    static DirectoryWindow read(Path directory, String start, String after, int limit) throws IOException {
        PriorityQueue<Entry> smallest = new PriorityQueue<>(BY_NAME.reversed());
        boolean cut = false;
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
            for (Path path : paths) {
                String name = path.getFileName().toString();
                if (!canMatch(name, start, after)) {
                    continue;
                }
                Entry worst = smallest.peek();
                if (worst != null && smallest.size() == limit && name.compareTo(worst.sortName()) > 0) {
                    // Asked before the file's kind is: of a million names only the few that stay cost a look at the
                    // file.
                    cut = true;
                    continue;
                }
                Entry entry = entry(path, name);
                if (entry == null || !matches(entry.sortName(), start, after)) {
                    continue;
                }
                smallest.add(entry);
                if (smallest.size() > limit) {
                    smallest.poll();
                    cut = true;
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        List<Entry> entries = new ArrayList<>(smallest);
        Collections.sort(entries, BY_NAME);
        return new DirectoryWindow(entries, !cut);
    }

    private static boolean canMatch(String name, String start, String after) {
        return ObjectKeys.isKey(name) && (matches(name, start, after) || matches(name + "/", start, after));
    }

    private static boolean matches(String sortName, String start, String after) {
        boolean behind = sortName.compareTo(after) > 0 || isWayTo(sortName, after);
        return behind && (sortName.startsWith(start) || isWayTo(sortName, start));
    }

    private static boolean isWayTo(String sortName, String name) {
        return sortName.endsWith("/") && name.length() > sortName.length() && name.startsWith(sortName);
    }

    /** Null if it is neither a file nor a directory, or is gone again. */
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
