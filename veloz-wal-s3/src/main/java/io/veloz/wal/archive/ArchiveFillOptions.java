package io.veloz.wal.archive;

import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreProgress;
import java.nio.file.Path;
import java.util.Objects;

/** What a fill may use. Immutable. Every setter returns a modified copy. */
public final class ArchiveFillOptions {
    private static final long MIB = 1024 * 1024;

    private final RestoreOptions fetching;
    private final long keepFreeBytes;

    private ArchiveFillOptions(RestoreOptions fetching, long keepFreeBytes) {
        this.fetching = fetching;
        this.keepFreeBytes = keepFreeBytes;
    }

    /** Returns the defaults. */
    public static ArchiveFillOptions defaults() {
        return new ArchiveFillOptions(RestoreOptions.into(Path.of("")).parallelism(4), 256 * MIB);
    }

    /** Sets how many segments are fetched concurrently. Each needs up to 7 MB of memory. Default: 4; 1 to 64. */
    public ArchiveFillOptions parallelism(int value) {
        return new ArchiveFillOptions(fetching.parallelism(value), keepFreeBytes);
    }

    /** Limits the bytes per second that are read from the store. Default: no limit. */
    public ArchiveFillOptions bytesPerSecond(long value) {
        return new ArchiveFillOptions(fetching.bytesPerSecond(value), keepFreeBytes);
    }

    /**
     * Sets the free space that the fill leaves for the log. It fails with the reason NO_SPACE before it would use it. Default: 256
     * MiB.
     */
    public ArchiveFillOptions keepFreeBytes(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("keepFreeBytes " + value + ": expected 0 or more");
        }
        return new ArchiveFillOptions(fetching, value);
    }

    /** Sets the receiver of progress, which is called on the thread of the fill. Default: none. */
    public ArchiveFillOptions progress(RestoreProgress value) {
        return new ArchiveFillOptions(fetching.progress(Objects.requireNonNull(value, "progress")), keepFreeBytes);
    }

    RestoreOptions fetching() {
        return fetching;
    }

    long keepFreeBytes() {
        return keepFreeBytes;
    }

    @Override
    public String toString() {
        return "ArchiveFillOptions[parallelism=" + fetching.parallelism() + ", bytesPerSecond="
                + (fetching.bytesPerSecond() == Long.MAX_VALUE ? "unlimited" : fetching.bytesPerSecond())
                + ", keepFreeBytes=" + keepFreeBytes + "]";
    }
}
