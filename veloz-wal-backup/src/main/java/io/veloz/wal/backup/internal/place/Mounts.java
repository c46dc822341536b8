package io.veloz.wal.backup.internal.place;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The mount points of this process, proc_pid_mountinfo(5). A rename takes the mounts below a directory with it, and a deletion
 * would enter them; a mount point itself cannot be renamed. Device numbers do not show a bind mount. Stateless.
 *
 * <p>Names are compared as bytes, each of which is a char of ISO-8859-1 here: a mount of another program may have a name that
 * is not a path in the encoding of this process ({@code LANG=C}).
 */
final class Mounts {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");
    private static final int MOUNT_POINT = 4;

    private Mounts() {}

    /** Returns the names of the mount points that are a path or below it; empty where the system has no table. */
    static List<String> atOrBelow(Path path) throws IOException {
        return atOrBelow(path, TABLE);
    }

    static List<String> atOrBelow(Path path, Path table) throws IOException {
        if (!Files.isReadable(table) || !Files.exists(path)) {
            return List.of();
        }
        String real = bytes(path.toRealPath());
        String below = real.equals("/") ? real : real + "/";
        List<String> found = new ArrayList<>();
        for (String line : Files.readString(table, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            String[] fields = line.split(" ", -1);
            if (fields.length > MOUNT_POINT) {
                String mount = unescaped(fields[MOUNT_POINT]);
                if (mount.equals(real) || mount.startsWith(below)) {
                    found.add(new String(mount.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
                }
            }
        }
        return found;
    }

    /** The URI of a path has every byte of its name, also where its text has replacement characters. */
    private static String bytes(Path path) {
        String uri = path.toUri().getRawPath();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < uri.length(); i++) {
            if (uri.charAt(i) == '%') {
                bytes.write(Integer.parseInt(uri.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                bytes.write(uri.charAt(i));
            }
        }
        String name = bytes.toString(StandardCharsets.ISO_8859_1);
        return name.length() > 1 && name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
    }

    /** Space, tab, line feed and backslash are written as a backslash and three octal digits. */
    private static String unescaped(String field) {
        StringBuilder bytes = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            if (field.startsWith("\\", i) && i + 4 <= field.length() && isOctal(field.substring(i + 1, i + 4))) {
                bytes.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                bytes.append(field.charAt(i));
            }
        }
        return bytes.toString();
    }

    private static boolean isOctal(String digits) {
        return digits.chars().allMatch(digit -> digit >= '0' && digit <= '7');
    }
}
