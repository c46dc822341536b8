/** Health, metrics, orders and a status page of an engine over HTTP. */
module io.veloz.wal.http {
    requires transitive io.veloz.wal;
    requires transitive io.veloz.wal.orders;
    requires static io.veloz.wal.archive;
    requires static org.jspecify;
    requires jdk.httpserver;
    requires org.slf4j;

    exports io.veloz.wal.http;
}
