/** The log: segments, group commit, recovery and replay. Its internals are out of reach. */
@SuppressWarnings({"module", "requires-automatic"})
module io.veloz.wal {
    requires static micrometer.core;
    requires static org.jspecify;
    requires org.slf4j;

    exports io.veloz.wal;
    exports io.veloz.wal.internal to
            io.veloz.wal.orders;
    exports io.veloz.wal.metrics;
    exports io.veloz.wal.storage;

    uses io.veloz.wal.ArchiveRestorer;
}
