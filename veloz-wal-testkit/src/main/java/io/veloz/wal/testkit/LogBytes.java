package io.veloz.wal.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * The fields and checksums of log files. Implemented from docs/format.md without the library's own code, so that an
 * error in either shows as a difference. Stateless and thread-safe.
 */
final class LogBytes {
    static final int PAGE = 4096;
    static final int BATCH_HEADER = 56;
    static final int PREDECESSOR = 32;
    static final int RECORD_HEADER = 24;
    static final int FOOTER_FIXED = 160;
    static final int TRAILER = 16;
    static final int LEGACY_HEADER = 40;
    static final int END_MARK = 512;
    static final int END_MARK_BYTES = 512;
    static final long HEADER_MAGIC = word("VELOZWAL");
    static final long END_MARK_MAGIC = word("VELOZEMK");
    static final long FOOTER_MAGIC = word("VELOZFTR");
    static final long END_MAGIC = word("VELOZEND");
    static final long MARK_MAGIC = word("VELOZMRK");
    static final long CHECKPOINT_MAGIC = word("VELOZCKP");
    private static final int BATCH_MAGIC = 0x48435442;
    private static final int LEGACY_MAGIC = 0x57414C45;

    private LogBytes() {}

    private static long word(String eightLetters) {
        long word = 0;
        for (int i = 7; i >= 0; i--) {
            word = word << 8 | eightLetters.charAt(i);
        }
        return word;
    }

    static ByteBuffer view(byte[] file) {
        return ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int crc(long[] words, byte[] file, int... ranges) {
        CRC32C crc = new CRC32C();
        ByteBuffer first = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long word : words) {
            first.putLong(word);
        }
        crc.update(first.flip());
        for (int i = 0; i < ranges.length; i += 2) {
            crc.update(file, ranges[i], ranges[i + 1] - ranges[i]);
        }
        return (int) crc.getValue();
    }

    // ---- segment header

    static boolean isSegment(byte[] file) {
        return file.length >= PAGE
                && view(file).getLong(0) == HEADER_MAGIC
                && headerCrc(file) == view(file).getInt(PAGE - 4);
    }

    static void repairHeader(byte[] file) {
        if (file.length >= PAGE) {
            view(file).putInt(PAGE - 4, headerCrc(file));
        }
    }

    private static boolean hasEndMarks(byte[] file) {
        return (view(file).getInt(20) & 1) != 0;
    }

    /** Returns the checksum of the header page, with end marks as zeros. */
    private static int headerCrc(byte[] file) {
        return crc(new long[0], unmarked(Arrays.copyOf(file, PAGE)), 0, PAGE - 4);
    }

    // ---- end marks

    /** Returns a copy of the segment with zeros in place of its end marks. */
    static byte[] unmarked(byte[] file) {
        byte[] bytes = file.clone();
        if (file.length >= PAGE && hasEndMarks(file)) {
            Arrays.fill(bytes, END_MARK, END_MARK + 2 * END_MARK_BYTES, (byte) 0);
        }
        return bytes;
    }

    /** Returns the position of one of the two slots. */
    static int endMark(int place) {
        return END_MARK + place * END_MARK_BYTES;
    }

    static void repairEndMark(byte[] file, int at) {
        view(file).putInt(at + END_MARK_BYTES - 4, endMarkCrc(file, at));
    }

    private static int endMarkCrc(byte[] file, int at) {
        return crc(new long[0], file, at, at + END_MARK_BYTES - 4);
    }

    static long salt(byte[] file) {
        return view(file).getLong(48);
    }

    // ---- batches

    /** Returns the positions with the magic number of a batch of this segment. */
    static List<Integer> batches(byte[] file) {
        List<Integer> found = new ArrayList<>();
        for (int at = PAGE; file.length >= PAGE && at + BATCH_HEADER <= file.length; at += 8) {
            if (view(file).getInt(at) == (BATCH_MAGIC ^ (int) salt(file))) {
                found.add(at);
            }
        }
        return found;
    }

    static boolean isHeaderValid(byte[] file, int at) {
        return batchHeaderCrc(file, at, salt(file)) == view(file).getInt(at + 52);
    }

    private static int batchHeaderCrc(byte[] file, int at, long salt) {
        return crc(new long[] {salt, BATCH_HEADER}, file, at, at + 52);
    }

    static void repairBatchHeader(byte[] file, int at, long salt) {
        view(file).putInt(at, BATCH_MAGIC ^ (int) salt);
        view(file).putInt(at + 52, batchHeaderCrc(file, at, salt));
    }

    static boolean opensSegment(byte[] file, int at) {
        return (view(file).getInt(at + 28) & 1) != 0;
    }

    static void repairPredecessor(byte[] file, int at, long salt) {
        int from = at + BATCH_HEADER;
        if (opensSegment(file, at) && from + PREDECESSOR <= file.length) {
            view(file).putInt(from + 28, crc(new long[] {salt, PREDECESSOR}, file, from, from + 28));
        }
    }

    /** Returns the positions of the records of a batch that lie inside the file and the batch. */
    static List<Integer> records(byte[] file, int at) {
        List<Integer> found = new ArrayList<>();
        ByteBuffer view = view(file);
        long end = Math.min(file.length, (long) at + view.getInt(at + 4));
        long record = (long) at + BATCH_HEADER + (opensSegment(file, at) ? PREDECESSOR : 0);
        for (int i = view.getInt(at + 24); i > 0 && record + RECORD_HEADER <= end; i--) {
            long next = record + RECORD_HEADER + padded(view.getInt((int) record));
            if (view.getInt((int) record) < 0 || next > end) {
                break;
            }
            found.add((int) record);
            record = next;
        }
        return found;
    }

    static int recordEnd(byte[] file, int record) {
        return Math.toIntExact(record + RECORD_HEADER + padded(view(file).getInt(record)));
    }

    private static long padded(int bytes) {
        return (bytes + 7L) & ~7L;
    }

    static int recordCrc(byte[] file, int record, long salt, long sequence) {
        return crc(new long[] {salt, sequence}, file, record, record + 4, record + 8, recordEnd(file, record));
    }

    /** Repairs the checksums of all records, and the checksum over them. */
    static void repairRecords(byte[] file, int at, long salt) {
        ByteBuffer view = view(file);
        List<Integer> records = records(file, at);
        ByteBuffer crcs = ByteBuffer.allocate(4 * records.size()).order(ByteOrder.LITTLE_ENDIAN);
        long sequence = view.getLong(at + 8);
        for (int record : records) {
            int crc = recordCrc(file, record, salt, sequence++);
            view.putInt(record + 4, crc);
            crcs.putInt(crc);
        }
        view.putInt(at + 44, crc(new long[0], crcs.array(), 0, crcs.capacity()));
    }

    /** Repairs the chain of batches. */
    static void rechain(byte[] file) {
        int previous = 0;
        for (int at : batches(file)) {
            view(file).putInt(at + 40, previous);
            repairBatchHeader(file, at, salt(file));
            previous = view(file).getInt(at + 52);
        }
    }

    // ---- footer

    /** Returns the start of the footer at the end of the file; -1 if there is none. */
    static int footerAt(byte[] file) {
        int trailer = file.length - TRAILER;
        if (trailer < PAGE || view(file).getLong(trailer + 8) != END_MAGIC) {
            return -1;
        }
        int length = view(file).getInt(trailer);
        return length < FOOTER_FIXED + TRAILER || length > file.length - PAGE ? -1 : file.length - length;
    }

    static void repairFooter(byte[] file, int at) {
        int crc = file.length - 12;
        view(file).putInt(crc, crc(new long[0], file, at, crc));
    }

    /** Updates the footer to the current data: its end, its last batch, and its SHA-256 if the header permits one. */
    static void reseal(byte[] file, int at) {
        List<Integer> batches = batches(file);
        view(file).putLong(at + 80, at);
        if (!batches.isEmpty()) {
            view(file).putInt(at + 88, view(file).getInt(batches.get(batches.size() - 1) + 52));
        }
        boolean hasDigest = (view(file).getInt(20) & 2) == 0;
        System.arraycopy(hasDigest ? sha256(file, 0, at) : new byte[32], 0, file, at + 96, 32);
        repairFooter(file, at);
    }

    /** Updates the previous-footer digest in the footer of the next segment. */
    static void chainFooters(byte[] file, int at, byte[] next) {
        int nextFooter = footerAt(next);
        if (nextFooter > 0) {
            System.arraycopy(sha256(file, at, file.length), 0, next, nextFooter + 128, 32);
            repairFooter(next, nextFooter);
        }
    }

    static byte[] sha256(byte[] file, int from, int to) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(file, from, to - from);
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    // ---- the other files

    static boolean startsWith(byte[] file, long magic) {
        return file.length >= 8 && view(file).getLong(0) == magic;
    }

    /** Repairs the checksum of a trim mark or a checkpoint, which is the last word and covers everything before it. */
    static void repairLastWord(byte[] file) {
        if (file.length >= 4) {
            view(file).putInt(file.length - 4, crc(new long[0], file, 0, file.length - 4));
        }
    }

    // ---- the engine's old files

    static List<Integer> legacyEntries(byte[] file) {
        List<Integer> found = new ArrayList<>();
        for (int at = 0; at + LEGACY_HEADER <= file.length; at++) {
            if (view(file).getInt(at) == LEGACY_MAGIC) {
                found.add(at);
            }
        }
        return found;
    }

    static boolean isLegacy(byte[] file) {
        return file.length >= LEGACY_HEADER && view(file).getInt(0) == LEGACY_MAGIC;
    }

    /** Returns the end of an entry, or of the file if the entry is truncated. */
    static int legacyEnd(byte[] file, int at) {
        long end = (long) at + LEGACY_HEADER + Integer.toUnsignedLong(view(file).getInt(at + 28));
        return (int) Math.min(file.length, end);
    }

    static void repairLegacy(byte[] file, int at) {
        CRC32 crc = new CRC32();
        crc.update(file, at + LEGACY_HEADER, legacyEnd(file, at) - at - LEGACY_HEADER);
        view(file).putInt(at + 32, (int) crc.getValue());
    }
}
