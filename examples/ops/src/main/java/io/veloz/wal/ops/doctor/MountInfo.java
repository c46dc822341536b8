package io.veloz.wal.ops.doctor;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The mounts of a Linux process, from {@code /proc/self/mountinfo} (proc_pid_mountinfo(5)). Immutable.
 *
 * <p>A mount is found as the kernel does it: from the root along the path, each time to the mount whose parent is the
 * current one. So a mount that a later one has hidden is not found, although its mount point is longer.
 */
final class MountInfo {
    private static final int FIRST_OPTIONAL_FIELD = 6;

    private final List<Entry> entries;

    private record Entry(int id, int parent, Mount mount) {
        boolean isAt(String point) {
            return mount.point().equals(point);
        }
    }

    private MountInfo(List<Entry> entries) {
        this.entries = entries;
    }

    /** Parses the file. Lines that do not have the documented form are skipped. */
    static MountInfo parse(byte[] file) {
        List<Entry> entries = new ArrayList<>();
        // One character for each byte: paths are bytes, whose encoding is decoded after the escapes.
        for (String line : new String(file, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            Entry entry = entry(line.split(" ", -1));
            if (entry != null) {
                entries.add(entry);
            }
        }
        return new MountInfo(entries);
    }

    private static @Nullable Entry entry(String[] fields) {
        int separator = FIRST_OPTIONAL_FIELD;
        while (separator < fields.length && !fields[separator].equals("-")) {
            separator++;
        }
        if (separator + 2 >= fields.length || !fields[0].matches("\\d{1,9}") || !fields[1].matches("\\d{1,9}")) {
            return null;
        }
        Set<String> options = new LinkedHashSet<>(options(fields[5]));
        if (separator + 3 < fields.length) {
            options.addAll(options(fields[separator + 3]));
        }
        Mount mount = new Mount(
                fields[2],
                unescaped(fields[4]),
                unescaped(fields[separator + 1]),
                unescaped(fields[separator + 2]),
                List.copyOf(options));
        return new Entry(Integer.parseInt(fields[0]), Integer.parseInt(fields[1]), mount);
    }

    private static List<String> options(String field) {
        return Arrays.stream(field.split(",", -1)).map(MountInfo::unescaped).toList();
    }

    /** Decodes octal escapes such as {@code \040}, and then UTF-8. */
    private static String unescaped(String field) {
        StringBuilder bytes = new StringBuilder(field.length());
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '\\' && field.substring(i).matches("(?s)\\\\[0-3][0-7]{2}.*")) {
                bytes.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                bytes.append(field.charAt(i));
            }
        }
        return new String(bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /** Returns the mount of an absolute path without links; empty if no listed mount contains it. */
    Optional<Mount> of(String path) {
        Entry root = root();
        if (root == null) {
            // A process in a chroot does not see the mount of its root.
            return longest(path);
        }
        Entry current = topmost(root, "/");
        for (int end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
            current = topmost(current, end < 0 ? path : path.substring(0, end));
            if (end < 0) {
                return Optional.of(current.mount());
            }
        }
    }

    private @Nullable Entry root() {
        return entries.stream()
                .filter(entry -> entry.isAt("/") && parentOf(entry) == null)
                .findFirst()
                .orElse(null);
    }

    private @Nullable Entry parentOf(Entry child) {
        return entries.stream()
                .filter(entry -> entry.id() == child.parent() && entry.id() != child.id())
                .findFirst()
                .orElse(null);
    }

    /** Follows the mounts at one path that are mounted on the current one, and on each other. */
    private Entry topmost(Entry current, String point) {
        Entry top = current;
        for (Entry next = top; next != null; next = mountedOn(top, point)) {
            top = next;
        }
        return top;
    }

    private @Nullable Entry mountedOn(Entry parent, String point) {
        Entry last = null;
        for (Entry entry : entries) {
            if (entry.parent() == parent.id() && entry.id() != parent.id() && entry.isAt(point)) {
                last = entry;
            }
        }
        return last;
    }

    private Optional<Mount> longest(String path) {
        return entries.stream()
                .map(Entry::mount)
                .filter(mount -> path.equals(mount.point())
                        || path.startsWith(mount.point().equals("/") ? "/" : mount.point() + "/"))
                // The last of several mounts at the same point covers the others.
                .reduce((a, b) -> a.point().length() > b.point().length() ? a : b);
    }
}
