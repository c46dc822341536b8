package io.veloz.wal.archive.internal.format;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The keys of an archive's objects, relative to its prefix. Numbers have leading zeros, so that keys sort as they do. */
public final class ArchiveKeys {
    public static final String LOG = "log.json";
    public static final String SLOTS = "ship/";
    public static final String SEGMENTS = "segments/";
    public static final String ATTACHMENTS = "attachments/";

    /** Of a slot's number; 10^18 - 1, so that the next number and a doubled stride are still numbers. */
    public static final long MAX_SLOT = 999_999_999_999_999_999L;

    /** Of a segment's number: as many as 16 digits can name. */
    public static final long MAX_SEGMENT = 9_999_999_999_999_999L;

    /** Of an epoch: as many as 10 digits can name. */
    public static final long MAX_EPOCH = 9_999_999_999L;

    private static final int SLOT_DIGITS = 20;
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}");
    private static final Pattern SEGMENT =
            Pattern.compile("segments/([A-Za-z0-9][A-Za-z0-9_-]{0,63})_([0-9]{16})\\.e([0-9]{10})\\.wal\\.lz4");
    private static final Pattern ATTACHMENT = Pattern.compile("attachments/[A-Za-z0-9_.-]+\\.e([0-9]{10})\\.lz4");

    private ArchiveKeys() {}

    /** What the key of a segment's object says of it. */
    public record SegmentKey(String prefix, long number, long epoch) {}

    public static String slot(long number) {
        return String.format(Locale.ROOT, "%s%0" + SLOT_DIGITS + "d", SLOTS, number);
    }

    /** The number in a slot's key, or -1 if it is no slot's. */
    public static long slotNumber(String key) {
        String digits = key.startsWith(SLOTS) ? key.substring(SLOTS.length()) : "";
        if (digits.length() != SLOT_DIGITS || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        try {
            long number = Long.parseLong(digits);
            return number >= 1 && number <= MAX_SLOT ? number : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /**
     * Of an uploaded segment. The epoch is in the key, so that no writer ever meets another's half-finished work.
     *
     * @param prefix of the log's file names
     */
    public static String segment(String prefix, long number, long epoch) {
        return String.format(Locale.ROOT, "%s%s_%016d.e%010d.wal.lz4", SEGMENTS, prefix, number, epoch);
    }

    /** The key after which the objects of the segments from that number on are listed, of whatever epoch. */
    public static String beforeSegment(String prefix, long number) {
        return String.format(Locale.ROOT, "%s%s_%016d", SEGMENTS, prefix, number);
    }

    /** What a key says of the segment in the object; empty if it is not a segment's. */
    public static Optional<SegmentKey> segmentKey(String key) {
        Matcher found = SEGMENT.matcher(key);
        return found.matches()
                ? Optional.of(
                        new SegmentKey(found.group(1), Long.parseLong(found.group(2)), Long.parseLong(found.group(3))))
                : Optional.empty();
    }

    /** Of a checkpoint that covers every record up to that sequence. */
    public static String checkpoint(long sequence, long epoch) {
        return String.format(Locale.ROOT, "%scheckpoint_%020d.e%010d.lz4", ATTACHMENTS, sequence, epoch);
    }

    /** The epoch that the key of a segment's or an attachment's object names; 0 if it names none. */
    public static long epoch(String key) {
        Matcher attachment = ATTACHMENT.matcher(key);
        return attachment.matches()
                ? Long.parseLong(attachment.group(1))
                : segmentKey(key).map(SegmentKey::epoch).orElse(0L);
    }

    /** Whether file names of a log may start with it. */
    static boolean isPrefix(String text) {
        return PREFIX.matcher(text).matches();
    }

    /** Whether it may be the key of an object: the rules of every store, so that no store is asked for anything else. */
    static boolean isKey(String text) {
        if (text.length() > 512) {
            return false;
        }
        for (String part : text.split("/", -1)) {
            if (!KEY.matcher(part).matches()) {
                return false;
            }
        }
        return true;
    }
}
