package io.veloz.wal.backup.internal.place;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The mount points of this process, proc_pid_mountinfo(5). A rename takes the mounts below a directory with it, and a deletion
 * would enter them; a mount point itself cannot be renamed. Device numbers do not show a bind mount. Stateless.
 */
final class Mounts {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");
    private static final int MOUNT_POINT = 4;

    private Mounts() {}

    /** Returns the mount points that are a path or below it; empty where the system has no table. */
    static List<Path> atOrBelow(Path path) throws IOException {
        if (!Files.isReadable(TABLE) || !Files.exists(path)) {
            return List.of();
        }
        Path real = path.toRealPath();
        List<Path> found = new ArrayList<>();
        for (String line : Files.readString(TABLE, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            String[] fields = line.split(" ", -1);
            if (fields.length > MOUNT_POINT) {
                Path mount = Path.of(unescaped(fields[MOUNT_POINT]));
                if (mount.startsWith(real)) {
                    found.add(mount);
                }
            }
        }
        return found;
    }

    /** Space, tab, line feed and backslash are written as a backslash and three octal digits. */
    private static String unescaped(String field) {
        StringBuilder bytes = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '\\' && field.length() >= i + 4) {
                bytes.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                bytes.append(field.charAt(i));
            }
        }
        return new String(bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
