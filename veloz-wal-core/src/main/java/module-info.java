/** The log: segments, group commit, recovery and replay. Other modules cannot access its internals. */
@SuppressWarnings({"module", "requires-automatic"})
module io.veloz.wal {
    requires java.management;
    requires static jdk.jfr;
    requires static micrometer.core;
    requires static org.jspecify;
    requires org.slf4j;

    exports io.veloz.wal;
    exports io.veloz.wal.internal to
            io.veloz.wal.orders;
    exports io.veloz.wal.metrics;
    exports io.veloz.wal.restore;
    exports io.veloz.wal.spi;
    exports io.veloz.wal.storage;

    uses io.veloz.wal.spi.ArchiveRestorer;
}
