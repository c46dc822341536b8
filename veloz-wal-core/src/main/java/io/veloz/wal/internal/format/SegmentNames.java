package io.veloz.wal.internal.format;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The names of a log's files. A name is only a label: the header defines the identity of a file.
 *
 * <p>Files that an operator does not need to see start with a dot.
 */
public record SegmentNames(String prefix) {
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");
    private static final int DIGITS = 16;
    private static final String EXTENSION = ".wal";
    private static final String FILLING = ".fill.tmp";

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

    /** Returns the name of the next segment while it is created. A file of this name can always be deleted. */
    public String preparing() {
        return "." + prefix + "_preparing.tmp";
    }

    public String lock() {
        return prefix + ".lock";
    }

    public String trimMark() {
        return "." + prefix + "_trimmed";
    }

    /**
     * Returns the name of the marker that exists while a restore writes the log into the directory. The log does not
     * open until the marker is deleted.
     */
    public String restoring() {
        return "." + prefix + "_restoring";
    }

    /** Returns the name of the file that exists while an archive may fill in older segments of the log. */
    public String fill() {
        return "." + prefix + "_fill";
    }

    /**
     * Returns the name of a segment that is being filled in. It is not the temporary name of a sealed segment, so that recovery
     * and a fill cannot replace each other's files.
     */
    public String filling(long number) {
        return "." + sealed(number) + FILLING;
    }

    /** Returns whether this is the name of a segment that is being filled in. */
    public boolean isFilling(String name) {
        return name.startsWith(".")
                && name.endsWith(FILLING)
                && isSealed(name.substring(1, name.length() - FILLING.length()));
    }

    /** Returns whether this is the temporary name of a sealed segment. */
    public boolean isTemporarySealed(String name) {
        return name.startsWith(".")
                && name.endsWith(".tmp")
                && isSealed(name.substring(1, name.length() - ".tmp".length()));
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

    /** Returns the name of a file with bytes that recovery cut off a segment. */
    public String quarantine(long number, long position, int checksum) {
        return String.format(Locale.ROOT, ".%s_quarantine_%016d_at_%d_%08x", prefix, number, position, checksum);
    }

    public boolean isQuarantine(String name) {
        return name.startsWith("." + prefix + "_quarantine_");
    }

    /** Returns whether the log reads files of this name. */
    public boolean belongsToLog(String name) {
        return isSegment(name) || isCheckpoint(name) || name.equals(trimMark());
    }

    /** Returns whether this is the name of a segment. */
    public boolean isSegment(String name) {
        return name.equals(current()) || name.equals(prepared()) || isSealed(name);
    }

    /** Returns whether the name belongs to this log. The lock file, which is never moved or deleted, does not count. */
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
                || name.equals(fill())
                || isFilling(name)
                || name.equals(preparing());
    }

    /** Returns whether this is the name of a sealed segment. */
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
