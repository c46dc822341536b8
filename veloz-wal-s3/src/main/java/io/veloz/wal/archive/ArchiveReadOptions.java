package io.veloz.wal.archive;

/** The memory that an {@link ArchiveReader} may use. Immutable. Every setter returns a modified copy. Affects speed only. */
public final class ArchiveReadOptions {
    private static final int MIB = 1024 * 1024;
    private static final int LARGEST_RANGE_BYTES = 256 * MIB;

    private final long cacheBytes;
    private final int rangeBytes;
    private final long aheadBytes;

    private ArchiveReadOptions(long cacheBytes, int rangeBytes, long aheadBytes) {
        this.cacheBytes = cacheBytes;
        this.rangeBytes = rangeBytes;
        this.aheadBytes = aheadBytes;
    }

    /** Returns the defaults. */
    public static ArchiveReadOptions defaults() {
        return new ArchiveReadOptions(64L * MIB, 8 * MIB, 16L * MIB);
    }

    /** Sets the bound for decoded content that is kept for later reads. Default: 64 MiB; 0 for none. */
    public ArchiveReadOptions cacheBytes(long value) {
        return new ArchiveReadOptions(atLeast("cacheBytes", value, 0), rangeBytes, aheadBytes);
    }

    /**
     * Sets how many bytes one request fetches. Objects up to this size are fetched whole, and their SHA-256 is checked; larger
     * ones are fetched in ranges. Each open reader keeps one or two ranges in memory. Default: 8 MiB; from 64 KiB to 256 MiB.
     */
    public ArchiveReadOptions rangeBytes(int value) {
        atLeast("rangeBytes", value, 64 * 1024);
        if (value > LARGEST_RANGE_BYTES) {
            throw new IllegalArgumentException("rangeBytes " + value + ": expected up to " + LARGEST_RANGE_BYTES);
        }
        return new ArchiveReadOptions(cacheBytes, value, aheadBytes);
    }

    /**
     * Sets the bound for bytes that are fetched before they are needed, for all readers together. A reader fetches ahead once
     * it has read from one range, or one segment, to the next. Default: 16 MiB; 0 for none.
     */
    public ArchiveReadOptions aheadBytes(long value) {
        return new ArchiveReadOptions(cacheBytes, rangeBytes, atLeast("aheadBytes", value, 0));
    }

    private static long atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " " + value + ": expected " + least + " or more");
        }
        return value;
    }

    long cacheBytes() {
        return cacheBytes;
    }

    int rangeBytes() {
        return rangeBytes;
    }

    long aheadBytes() {
        return aheadBytes;
    }

    @Override
    public String toString() {
        return "ArchiveReadOptions[cacheBytes=" + cacheBytes + ", rangeBytes=" + rangeBytes + ", aheadBytes="
                + aheadBytes + "]";
    }
}
