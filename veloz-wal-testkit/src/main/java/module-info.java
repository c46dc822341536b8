/** An in-memory disk that fails like real disks, and every crash point of a program that uses the log. */
module io.veloz.wal.testkit {
    requires transitive io.veloz.wal;
    requires static org.jspecify;

    exports io.veloz.wal.testkit;
}
