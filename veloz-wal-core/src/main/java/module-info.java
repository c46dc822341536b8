/** The log: segments, group commit, recovery, replay and typed orders. Its internals are out of reach. */
@SuppressWarnings("requires-automatic")
module io.veloz.wal {
    requires static micrometer.core;
    requires static org.jspecify;
    requires HdrHistogram;
    requires org.slf4j;

    exports io.veloz.wal;
    exports io.veloz.wal.legacy;
    exports io.veloz.wal.metrics;
    exports io.veloz.wal.orders;
    exports io.veloz.wal.storage;

    uses io.veloz.wal.ArchiveRestorer;
}
