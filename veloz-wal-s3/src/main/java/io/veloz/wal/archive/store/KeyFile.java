package io.veloz.wal.archive.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Base64;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Keys in memory, read from a file. Immutable. */
final class KeyFile implements EncryptionKeys {
    private static final long MAX_BYTES = 64L * 1024;
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Set<PosixFilePermission> OTHERS = EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private final Map<String, byte[]> keys;
    private final String active;

    private KeyFile(Map<String, byte[]> keys, String active) {
        this.keys = keys;
        this.active = active;
    }

    static KeyFile read(Path file) {
        String text;
        try {
            checkPermissions(file);
            if (Files.size(file) > MAX_BYTES) {
                throw bad(file, "more than " + MAX_BYTES + " bytes");
            }
            text = Files.readString(file, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new IllegalArgumentException("the file of keys " + file + " cannot be read: " + e, e);
        }
        Map<String, byte[]> keys = new LinkedHashMap<>();
        String active = null;
        int number = 0;
        for (String line : text.split("\r?\n", -1)) {
            number++;
            if (!line.isBlank() && !line.startsWith("#")) {
                active = add(keys, line, file, number);
            }
        }
        if (active == null) {
            throw bad(file, "no key; expected lines of id=key, the key in Base64");
        }
        return new KeyFile(keys, active);
    }

    /** A file system without POSIX permissions is not checked. */
    private static void checkPermissions(Path file) throws IOException {
        if (!file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        Set<PosixFilePermission> others = EnumSet.copyOf(OTHERS);
        others.retainAll(Files.getPosixFilePermissions(file));
        if (!others.isEmpty()) {
            throw bad(file, "other users have the permissions " + others + "; run chmod 600 " + file);
        }
    }

    private static String add(Map<String, byte[]> keys, String line, Path file, int number) {
        int end = line.indexOf('=');
        String id = end < 0 ? "" : line.substring(0, end).trim();
        if (!ID.matcher(id).matches()) {
            throw bad(
                    file,
                    "line " + number + ": expected id=key, the id of 1 to 64 letters, digits and \"._-\", the first"
                            + " one a letter or digit");
        }
        byte[] key;
        try {
            key = Base64.getDecoder().decode(line.substring(end + 1).trim());
        } catch (IllegalArgumentException e) {
            // Not kept as the cause: its message contains a part of the key.
            throw bad(file, "line " + number + ": the key is not Base64");
        }
        if (key.length != KEY_BYTES) {
            throw bad(file, "line " + number + ": a key of " + key.length + " bytes; expected " + KEY_BYTES);
        }
        if (keys.put(id, key) != null) {
            throw bad(file, "line " + number + ": a second key with the id " + id);
        }
        return id;
    }

    private static IllegalArgumentException bad(Path file, String what) {
        return new IllegalArgumentException("the file of keys " + file + ": " + what);
    }

    @Override
    public String activeId() {
        return active;
    }

    @Override
    public byte @Nullable [] key(String id) {
        return keys.get(id);
    }
}
