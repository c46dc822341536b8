package io.veloz.wal.archive;

/**
 * What reading an archive costs. Immutable.
 *
 * @param gets the number of GET and HEAD requests
 * @param lists the number of LIST requests
 * @param bytes the number of bytes of objects
 */
public record ArchiveReadCost(long gets, long lists, long bytes) {
    /** Returns the number of requests. */
    public long requests() {
        return gets + lists;
    }
}
