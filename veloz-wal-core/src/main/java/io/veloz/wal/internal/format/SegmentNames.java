package io.veloz.wal.internal.format;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The names of a log's files. A name is only a label: what a file is, its header says.
 *
 * <p>Everything that an operator need not see starts with a dot.
 */
public record SegmentNames(String prefix) {
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");
    private static final int DIGITS = 16;
    private static final String EXTENSION = ".wal";

    public SegmentNames {
        if (!PREFIX.matcher(prefix).matches()) {
            throw new IllegalArgumentException("prefix \"" + prefix
                    + "\": expected 1 to 64 letters, digits, '-' or '_', not starting with a sign");
        }
    }

    public String sealed(long number) {
        return String.format(Locale.ROOT, "%s_%016d%s", prefix, number, EXTENSION);
    }

    public String current() {
        return prefix + "_current" + EXTENSION;
    }

    public String prepared() {
        return "." + prefix + "_prepared" + EXTENSION;
    }

    /** The next segment while it is being made. Whatever stands under this name can go. */
    public String preparing() {
        return "." + prefix + "_preparing.tmp";
    }

    public String lock() {
        return prefix + ".lock";
    }

    public String trimMark() {
        return "." + prefix + "_trimmed";
    }

    /** Stands while a restore puts the log into the directory: the log does not open until it is removed. */
    public String restoring() {
        return "." + prefix + "_restoring";
    }

    public String checkpoint(int slot) {
        return "." + prefix + "_checkpoint_" + (slot == 0 ? "a" : "b");
    }

    public boolean isCheckpoint(String name) {
        return name.equals(checkpoint(0)) || name.equals(checkpoint(1));
    }

    public String temporary(String name) {
        return (name.startsWith(".") ? "" : ".") + name + ".tmp";
    }

    /** Bytes that were cut off a segment, and are kept. */
    public String quarantine(long number, long position, int checksum) {
        return String.format(Locale.ROOT, ".%s_quarantine_%016d_at_%d_%08x", prefix, number, position, checksum);
    }

    public boolean isQuarantine(String name) {
        return name.startsWith("." + prefix + "_quarantine_");
    }

    /** Whether the log reads a file of that name. */
    public boolean belongsToLog(String name) {
        return isSegment(name) || isCheckpoint(name) || name.equals(trimMark());
    }

    /** Whether a file of that name takes part in the log. */
    public boolean isSegment(String name) {
        return name.equals(current()) || name.equals(prepared()) || isSealed(name);
    }

    /** Whether the name belongs to this log; the lock, which is never moved or removed, does not count. */
    public boolean isOwn(String name) {
        boolean temporary = name.startsWith(".") && name.endsWith(".tmp");
        String inner = temporary ? name.substring(1, name.length() - ".tmp".length()) : name;
        return isNamed(name) || (temporary && (isNamed(inner) || isNamed("." + inner)));
    }

    private boolean isNamed(String name) {
        return isSegment(name)
                || isCheckpoint(name)
                || isQuarantine(name)
                || name.equals(trimMark())
                || name.equals(restoring())
                || name.equals(preparing());
    }

    /** Whether the name has the form of a sealed segment's. */
    public boolean isSealed(String name) {
        int start = prefix.length() + 1;
        if (name.length() != start + DIGITS + EXTENSION.length()
                || !name.startsWith(prefix + "_")
                || !name.endsWith(EXTENSION)) {
            return false;
        }
        return name.substring(start, start + DIGITS).chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
