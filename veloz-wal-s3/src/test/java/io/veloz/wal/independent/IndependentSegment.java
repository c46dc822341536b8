package io.veloz.wal.independent;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/** Reads a segment as docs/format.md describes it, without code of the library. */
final class IndependentSegment {
    static final int PAGE = 4096;
    static final int MARK = 512;
    private static final int BATCH_HEAD = 56;
    private static final int PREDECESSOR = 32;
    private static final int RECORD_HEAD = 24;
    private static final int OPENS = 1;
    private static final int DECLARES_LOSS = 2;

    enum Role {
        NUMBERED,
        CURRENT,
        PREPARED
    }

    /** A record as a reader returns it. The checksum is the CRC32C of the payload. */
    record Entry(long sequence, int type, long timestamp, boolean group, int length, int payloadCrc) {}

    record Loss(long first, long last) {}

    record Mark(long durable, long end) {}

    record Predecessor(long number, long salt, long dataEnd, int lastCrc) {}

    record Batch(int position, long first, int count, long latestBefore) {}

    final String name;
    final Role role;
    final byte[] bytes;
    private final ByteBuffer in;

    private boolean readable;
    private String refusal = "";
    private boolean mayHaveMarks;
    private boolean hasDataDigest;
    private long logHigh;
    private long logLow;
    private long number;
    private long salt;
    private long segmentBytes;
    private int maxBatchBytes;

    private final List<Entry> entries = new ArrayList<>();
    private final List<Loss> losses = new ArrayList<>();
    private final List<Batch> batches = new ArrayList<>();
    private int end = PAGE;
    private int lastCrc;
    private long expected;
    private long earliest = Long.MAX_VALUE;
    private long latest = Long.MIN_VALUE;

    IndependentSegment(String name, Role role, byte[] bytes) {
        this.name = name;
        this.role = role;
        this.bytes = bytes;
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        readHeader();
    }

    private void readHeader() {
        if (bytes.length < PAGE || !isText(0, "VELOZWAL")) {
            return;
        }
        int incompatible = in.getInt(20);
        mayHaveMarks = (incompatible & 1) != 0;
        hasDataDigest = (incompatible & 2) == 0;
        byte[] page = Arrays.copyOf(bytes, PAGE - 4);
        if (mayHaveMarks) {
            Arrays.fill(page, MARK, 3 * MARK, (byte) 0);
        }
        if (crc(page, 0, page.length) != in.getInt(PAGE - 4)) {
            return;
        }
        if (in.getInt(8) != 1) {
            refusal = "version " + in.getInt(8);
        } else if ((incompatible & ~3) != 0) {
            refusal = "incompatible features " + incompatible;
        }
        logHigh = in.getLong(24);
        logLow = in.getLong(32);
        number = in.getLong(40);
        salt = in.getLong(48);
        segmentBytes = in.getLong(56);
        maxBatchBytes = in.getInt(64);
        readable = !refusal.isEmpty()
                || (number >= 1
                        && number <= 9_999_999_999_999_999L
                        && segmentBytes >= PAGE
                        && segmentBytes <= 1_099_511_627_776L
                        && maxBatchBytes >= BATCH_HEAD
                        && maxBatchBytes <= 67_108_864
                        && maxBatchBytes <= segmentBytes);
    }

    boolean hasDataDigest() {
        return hasDataDigest;
    }

    boolean isReadable() {
        return readable;
    }

    /** Returns the unknown version or feature; empty if there is none. */
    String refusal() {
        return refusal;
    }

    String log() {
        return String.format(Locale.ROOT, "%016x%016x", logHigh, logLow);
    }

    long number() {
        return number;
    }

    long salt() {
        return salt;
    }

    List<Entry> entries() {
        return entries;
    }

    List<Loss> losses() {
        return losses;
    }

    /** Returns the position X of the document: the end of the last complete batch. */
    int end() {
        return end;
    }

    int lastCrc() {
        return lastCrc;
    }

    long expected() {
        return expected;
    }

    boolean hasBatches() {
        return !batches.isEmpty();
    }

    boolean isBlank() {
        return zerosFrom(PAGE);
    }

    boolean zerosFrom(int position) {
        for (int i = position; i < bytes.length; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns the valid end mark, or an empty one. */
    Mark mark() {
        Mark newest = new Mark(0, 0);
        for (int at = MARK; mayHaveMarks && at <= 2 * MARK; at += MARK) {
            boolean right = isText(at, "VELOZEMK")
                    && in.getLong(at + 8) == salt
                    && crc(bytes, at, MARK - 4) == in.getInt(at + MARK - 4);
            if (right && in.getLong(at + 24) > newest.end()) {
                newest = new Mark(in.getLong(at + 16), in.getLong(at + 24));
            }
        }
        return newest;
    }

    boolean isCut() {
        return mark().end() > 0 && bytes.length < segmentBytes;
    }

    /** Returns the predecessor; null if the first batch does not contain a valid one. */
    Predecessor predecessor() {
        if (!isHead(PAGE) || (in.getInt(PAGE + 28) & OPENS) == 0 || bytes.length < PAGE + BATCH_HEAD + PREDECESSOR) {
            return null;
        }
        int at = PAGE + BATCH_HEAD;
        if (salted(32, at, 28) != in.getInt(at + 28)) {
            return null;
        }
        return new Predecessor(in.getLong(at), in.getLong(at + 8), in.getLong(at + 16), in.getInt(at + 24));
    }

    /** Reads batches up to the first incomplete one. */
    void read(long firstExpected) {
        expected = firstExpected;
        while (isWhole(end)) {
            int count = in.getInt(end + 24);
            long first = in.getLong(end + 8);
            batches.add(new Batch(end, first, count, latest));
            if (first > expected) {
                losses.add(new Loss(expected, first - 1));
            }
            show(first, count, end + headBytes(end));
            expected = first + count;
            lastCrc = in.getInt(end + 52);
            end += in.getInt(end + 4);
        }
    }

    private void show(long first, int count, int records) {
        int at = records;
        for (int i = 0; i < count; i++) {
            int length = in.getInt(at);
            long time = in.getLong(at + 8);
            earliest = Math.min(earliest, time);
            latest = Math.max(latest, time);
            entries.add(new Entry(
                    first + i,
                    Short.toUnsignedInt(in.getShort(at + 16)),
                    time,
                    (in.getShort(at + 18) & 1) != 0,
                    length,
                    crc(bytes, at + RECORD_HEAD, length)));
            at += RECORD_HEAD + padded(length);
        }
    }

    private int headBytes(int position) {
        return BATCH_HEAD + ((in.getInt(position + 28) & OPENS) != 0 ? PREDECESSOR : 0);
    }

    /** Returns whether a head is valid by its checksum and by the limits that do not depend on other batches. */
    private boolean isHead(int at) {
        if (at + BATCH_HEAD > bytes.length
                || in.getInt(at) != (0x48435442 ^ (int) salt)
                || salted(BATCH_HEAD, at, 52) != in.getInt(at + 52)) {
            return false;
        }
        int length = in.getInt(at + 4);
        int count = in.getInt(at + 24);
        int flags = in.getInt(at + 28);
        long first = in.getLong(at + 8);
        long promise = in.getLong(at + 16);
        return (flags & ~(OPENS | DECLARES_LOSS)) == 0
                && ((flags & OPENS) != 0) == (at == PAGE)
                && length % 8 == 0
                && length >= headBytes(at)
                && length <= maxBatchBytes
                && at + (long) length <= segmentBytes
                && count >= 0
                && count <= (length - headBytes(at)) / RECORD_HEAD
                && first >= 1
                && first <= Long.MAX_VALUE - count
                && promise >= 0
                && promise < first;
    }

    private boolean isWhole(int at) {
        if (!isHead(at) || at + (long) in.getInt(at + 4) > bytes.length || in.getInt(at + 40) != lastCrc) {
            return false;
        }
        if (at == PAGE && predecessor() == null) {
            return false;
        }
        long first = in.getLong(at + 8);
        boolean loss = (in.getInt(at + 28) & DECLARES_LOSS) != 0;
        return (loss ? first > expected : first == expected) && recordsAreWhole(at, first);
    }

    private boolean recordsAreWhole(int batch, long first) {
        int position = batch + headBytes(batch);
        int stop = batch + in.getInt(batch + 4);
        int count = in.getInt(batch + 24);
        CRC32C all = new CRC32C();
        for (int i = 0; i < count; i++) {
            if (position + RECORD_HEAD > stop) {
                return false;
            }
            int length = in.getInt(position);
            if (length < 0 || length > stop - position - RECORD_HEAD) {
                return false;
            }
            int record = RECORD_HEAD + padded(length);
            if (record > stop - position) {
                return false;
            }
            CRC32C crc = new CRC32C();
            crc.update(number(salt));
            crc.update(number(first + i));
            crc.update(bytes, position, 4);
            crc.update(bytes, position + 8, record - 8);
            if ((int) crc.getValue() != in.getInt(position + 4)) {
                return false;
            }
            all.update(bytes, position + 4, 4);
            position += record;
        }
        return position == stop && (int) all.getValue() == in.getInt(batch + 44);
    }

    /** Returns whether a batch with a valid head, complete or not, states a durable sequence that is missing. */
    boolean isPromisedBeyondEnd() {
        for (int at = end; at + BATCH_HEAD <= bytes.length; at += 8) {
            if (isHead(at) && in.getLong(at + 16) >= expected) {
                return true;
            }
        }
        return false;
    }

    boolean isBatchOfThisSaltAtEnd() {
        return end + 4 <= bytes.length && in.getInt(end) == (0x48435442 ^ (int) salt);
    }

    boolean isTraceOfFooter() {
        return isText(end, "VELOZFTR") || (bytes.length >= PAGE + 16 && isText(bytes.length - 8, "VELOZEND"));
    }

    boolean mayHaveMarks() {
        return mayHaveMarks;
    }

    List<Batch> batches() {
        return batches;
    }

    long earliest() {
        return earliest;
    }

    long latest() {
        return latest;
    }

    /** Returns the footer after the last complete batch; null if there is no valid footer. */
    byte[] footer() {
        return new IndependentFooter(this).found();
    }

    /** Returns whether a footer agrees with the batches. Reserved fields are not checked. */
    boolean agrees(byte[] footer) {
        return new IndependentFooter(this).agrees(footer);
    }

    /** Returns the footer that the batches require. */
    byte[] rebuiltFooter(byte[] before) {
        return new IndependentFooter(this).rebuilt(before);
    }

    boolean isText(int at, String text) {
        byte[] expectedBytes = text(text);
        return at + expectedBytes.length <= bytes.length
                && Arrays.equals(bytes, at, at + expectedBytes.length, expectedBytes, 0, expectedBytes.length);
    }

    private int salted(long constant, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(number(salt));
        crc.update(number(constant));
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    static byte[] text(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    private static int padded(int length) {
        return (int) ((length + 7L) & ~7L);
    }

    static int crc(byte[] of, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(of, from, length);
        return (int) crc.getValue();
    }

    static byte[] sha256(byte[] of) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(of);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JVM has SHA-256", e);
        }
    }
}
