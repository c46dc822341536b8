package io.veloz.wal.chronicle;

import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * A pair that stays true: the record with that sequence is the document with that index. Stored as one line of text in a
 * file next to the log, which is replaced as a whole. Immutable.
 *
 * @param sequence 0 before the first document
 * @param index empty before the first document
 */
record ImportPosition(long sequence, OptionalLong index) {
    static final ImportPosition START = new ImportPosition(0, OptionalLong.empty());

    private static final int LONGEST_FILE_BYTES = 256;
    private static final int VERSION = 1;
    private static final Pattern LINE = Pattern.compile("(chronicle-import (\\d{1,9}) (.*) )crc32c ([0-9a-f]{8})\n");
    private static final Pattern CONTENT = Pattern.compile("sequence (\\d{1,18}) index (none|[0-9a-f]{16})");

    private static String name(String prefix) {
        return "." + prefix + "_chronicle_import";
    }

    /** Returns when the position is on disk. The record must have been there before. */
    void write(Storage storage, String prefix) throws IOException {
        byte[] line = encode().getBytes(StandardCharsets.US_ASCII);
        AtomicFile.replace(storage, name(prefix), name(prefix) + ".tmp", ByteBuffer.wrap(line));
    }

    /**
     * Returns the position that was written last; empty if there is none.
     *
     * @throws WalOpenException if the file is damaged
     * @throws WalVersionException if a later version of this library wrote it
     */
    static Optional<ImportPosition> read(Storage storage, String prefix) throws IOException {
        if (!storage.exists(name(prefix))) {
            return Optional.empty();
        }
        ByteBuffer content = ByteBuffer.allocate(LONGEST_FILE_BYTES);
        try (StorageFile file = storage.openForReading(name(prefix))) {
            int length = file.readFully(content, 0);
            return Optional.of(decode(
                    new String(content.array(), 0, length, StandardCharsets.US_ASCII),
                    storage.describe() + "/" + name(prefix)));
        }
    }

    private String encode() {
        String text = "chronicle-import " + VERSION + " sequence " + sequence + " index "
                + (index.isPresent() ? String.format(Locale.ROOT, "%016x", index.getAsLong()) : "none") + " ";
        return text + "crc32c " + checksum(text) + "\n";
    }

    private static ImportPosition decode(String text, String where) {
        Matcher line = LINE.matcher(text);
        if (!line.matches() || !line.group(4).equals(checksum(line.group(1)))) {
            throw invalid(where);
        }
        if (Integer.parseInt(line.group(2)) != VERSION) {
            throw new WalVersionException(where + ": import position of version " + line.group(2)
                    + "; this library knows version " + VERSION);
        }
        Matcher content = CONTENT.matcher(line.group(3));
        if (!content.matches()) {
            throw invalid(where);
        }
        OptionalLong index = content.group(2).equals("none")
                ? OptionalLong.empty()
                : OptionalLong.of(Long.parseUnsignedLong(content.group(2), 16));
        return new ImportPosition(Long.parseLong(content.group(1)), index);
    }

    private static WalOpenException invalid(String where) {
        return new WalOpenException(where + " is not a valid import position; import into a new directory", null);
    }

    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.US_ASCII));
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }
}
