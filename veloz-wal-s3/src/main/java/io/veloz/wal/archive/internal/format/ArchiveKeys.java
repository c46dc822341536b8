package io.veloz.wal.archive.internal.format;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The keys of the objects of an archive, relative to its prefix. Numbers have leading zeros, so that keys sort by number. */
public final class ArchiveKeys {
    public static final String LOG = "log.json";
    public static final String SLOTS = "ship/";
    public static final String SEGMENTS = "segments/";
    public static final String ATTACHMENTS = "attachments/";
    public static final String CARE = "care/";
    public static final String POINTS = "points/";
    public static final String KEYS = "keys/";
    public static final String INDEX = "index/";
    public static final String ENDS = "ends/";
    public static final String ANCHORS = "anchors/";

    /** The highest number of a slot: 10^18 - 1, so that neither the next number nor a doubled stride overflows. */
    public static final long MAX_SLOT = 999_999_999_999_999_999L;

    /** The highest number of a segment: 16 digits. */
    public static final long MAX_SEGMENT = 9_999_999_999_999_999L;

    /** The highest epoch: 10 digits. */
    public static final long MAX_EPOCH = 9_999_999_999L;

    private static final int SLOT_DIGITS = 20;
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}");
    private static final Pattern SEGMENT =
            Pattern.compile("segments/([A-Za-z0-9][A-Za-z0-9_-]{0,63})_([0-9]{16})\\.e([0-9]{10})\\.wal\\.lz4"
                    + "(?:\\.p([0-9]{4})of([0-9]{4}))?");
    private static final Pattern CHECKPOINT = Pattern.compile("attachments/checkpoint_0([0-9]{19})\\.e[0-9]{10}\\.lz4");
    private static final Pattern BACKUP = Pattern.compile("attachments/[a-z]+_[0-9a-f]{32}\\.[a-z.]+\\.chunk[0-9]{5}");
    private static final Pattern ATTACHMENT = Pattern.compile("attachments/[A-Za-z0-9_.-]+\\.e([0-9]{10})\\.lz4");

    private ArchiveKeys() {}

    /**
     * What the key of a segment states.
     *
     * @param part the number of the part in the object; 0 if it is the whole segment
     * @param parts the number of parts; 0 if the object is the whole segment
     */
    public record SegmentKey(String prefix, long number, long epoch, int part, int parts) {
        /** Returns the key of the segment that the object is a part of; its own key if it is the whole segment. */
        public String whole() {
            return segment(prefix, number, epoch);
        }
    }

    /** Returns the key of a slot. */
    public static String slot(long number) {
        return String.format(Locale.ROOT, "%s%0" + SLOT_DIGITS + "d", SLOTS, number);
    }

    /** Returns the number in the key of a slot; -1 for any other key. */
    public static long slotNumber(String key) {
        return number(SLOTS, key);
    }

    /** Returns the key of an object that is numbered as slots are. */
    public static String numbered(String prefix, long number) {
        return String.format(Locale.ROOT, "%s%0" + SLOT_DIGITS + "d", prefix, number);
    }

    /** Returns the number in such a key; -1 for any other key. */
    public static long number(String prefix, String key) {
        String digits = key.startsWith(prefix) ? key.substring(prefix.length()) : "";
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
     * Returns the key of a segment. It contains the epoch, so that no two writers use the same key.
     *
     * @param prefix of the file names of the log
     */
    public static String segment(String prefix, long number, long epoch) {
        return String.format(Locale.ROOT, "%s%s_%016d.e%010d.wal.lz4", SEGMENTS, prefix, number, epoch);
    }

    /** Returns the key after which a list contains that segment of later epochs, and all later segments. */
    public static String afterSegment(String prefix, long number, long epoch) {
        // The keys of its parts continue with ".p".
        return segment(prefix, number, epoch) + ".q";
    }

    /** Returns the key of a part of a segment. Parts sort by their numbers, and after every key that their segment begins. */
    public static String part(String segmentKey, int number, int parts) {
        return String.format(Locale.ROOT, "%s.p%04dof%04d", segmentKey, number, parts);
    }

    /** Returns the key of the segment of which an object is a part; its own key if it is not a part. */
    public static String whole(String key) {
        return segmentKey(key).map(SegmentKey::whole).orElse(key);
    }

    /** Returns what the key of a segment, or of a part of one, states; empty for any other key. */
    public static Optional<SegmentKey> segmentKey(String key) {
        Matcher found = SEGMENT.matcher(key);
        if (!found.matches()) {
            return Optional.empty();
        }
        boolean isWhole = found.group(4) == null;
        int part = isWhole ? 0 : Integer.parseInt(found.group(4));
        int parts = isWhole ? 0 : Integer.parseInt(found.group(5));
        if (!isWhole && (part < 1 || part > parts)) {
            return Optional.empty();
        }
        return Optional.of(new SegmentKey(
                found.group(1), Long.parseLong(found.group(2)), Long.parseLong(found.group(3)), part, parts));
    }

    /** Returns the key of a checkpoint that covers all records up to that sequence. */
    public static String checkpoint(long sequence, long epoch) {
        return String.format(Locale.ROOT, "%scheckpoint_%020d.e%010d.lz4", ATTACHMENTS, sequence, epoch);
    }

    /** Returns the sequence in the key of a checkpoint; -1 for any other key. */
    public static long checkpointSequence(String key) {
        Matcher found = CHECKPOINT.matcher(key);
        try {
            return found.matches() ? Long.parseLong(found.group(1)) : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** Returns whether an object is a chunk of a backup: recovery points name these, and no slot does. */
    public static boolean isOfBackup(String key) {
        return BACKUP.matcher(key).matches();
    }

    /** Returns how the keys of the anchors of an archive begin. Several archives may have anchors in one store. */
    public static String anchors(String origin) {
        return ANCHORS + origin.substring(0, 16) + "/";
    }

    /** Returns the key of the anchor that names a slot as the last one. */
    public static String anchor(String origin, long slot) {
        return numbered(anchors(origin), slot);
    }

    /** Returns the key of the record that an epoch ended on purpose. */
    public static String end(long epoch) {
        return String.format(Locale.ROOT, "%se%010d", ENDS, epoch);
    }

    /** Returns the epoch in the key of a segment or attachment; 0 for any other key. */
    public static long epoch(String key) {
        Matcher attachment = ATTACHMENT.matcher(key);
        return attachment.matches()
                ? Long.parseLong(attachment.group(1))
                : segmentKey(key).map(SegmentKey::epoch).orElse(0L);
    }

    /** Returns whether a text is a valid prefix of the file names of a log. */
    static boolean isPrefix(String text) {
        return PREFIX.matcher(text).matches();
    }

    /** Returns the key of the encrypted copy of an encryption key. */
    public static String escrow(String keyId) {
        return KEYS + keyId + ".pgp";
    }

    /** Returns whether a text is a valid key in every store. Other keys are never sent to a store. */
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
