package io.veloz.wal.archive.internal.format;

import java.util.Locale;

/** The keys of an archive's objects, relative to its prefix. Numbers have leading zeros, so that keys sort as they do. */
public final class ArchiveKeys {
    public static final String LOG = "log.json";
    public static final String SLOTS = "ship/";
    public static final String SEGMENTS = "segments/";
    public static final String ATTACHMENTS = "attachments/";
    private static final int SLOT_DIGITS = 20;

    private ArchiveKeys() {}

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
            return number >= 1 ? number : -1;
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

    /** Of a checkpoint that covers every record up to that sequence. */
    public static String checkpoint(long sequence, long epoch) {
        return String.format(Locale.ROOT, "%scheckpoint_%020d.e%010d.lz4", ATTACHMENTS, sequence, epoch);
    }
}
