/** Recovery points of the whole engine in the archive of its log, and their recovery. */
@SuppressWarnings("requires-automatic")
module io.veloz.wal.backup {
    requires transitive io.veloz.wal.archive;
    requires io.veloz.wal.orders;
    requires static org.jspecify;
    requires com.fasterxml.jackson.core;
    requires java.net.http;
    requires org.apache.commons.compress;
    requires org.bouncycastle.pg;
    requires org.bouncycastle.provider;
    requires org.slf4j;

    exports io.veloz.wal.backup;
}
