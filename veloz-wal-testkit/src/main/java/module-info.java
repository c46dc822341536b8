/** A disk in memory that fails as real disks do, and every crash point of a program that uses the log. */
module io.veloz.wal.testkit {
    requires transitive io.veloz.wal;
    requires static org.jspecify;

    exports io.veloz.wal.testkit;
}
