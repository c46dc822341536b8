/** Typed order events on top of the log, the state of the orders with its checkpoints, and the reader of the engine's old logs. */
module io.veloz.wal.orders {
    requires transitive io.veloz.wal;
    requires static org.jspecify;
    requires org.slf4j;

    exports io.veloz.wal.legacy;
    exports io.veloz.wal.orders;
}
