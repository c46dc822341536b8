/** The archive of a log in S3 or a directory: shipping, fencing, proof and restore. */
@SuppressWarnings("requires-automatic")
module io.veloz.wal.archive {
    requires transitive io.veloz.wal;
    requires static jdk.jfr;
    requires static micrometer.core;
    requires static org.jspecify;
    // Automatic modules name no modules of the JDK; these are what the AWS SDK uses.
    requires java.logging;
    requires java.management;
    requires java.naming;
    requires java.xml;
    requires com.fasterxml.jackson.core;
    requires com.github.benmanes.caffeine;
    requires org.lz4.java;
    requires org.slf4j;
    requires software.amazon.awssdk.auth;
    requires software.amazon.awssdk.awscore;
    requires software.amazon.awssdk.core;
    requires software.amazon.awssdk.http;
    requires software.amazon.awssdk.metrics;
    requires software.amazon.awssdk.http.urlconnection;
    requires software.amazon.awssdk.identity.spi;
    requires software.amazon.awssdk.profiles;
    requires software.amazon.awssdk.regions;
    requires software.amazon.awssdk.retries.api;
    requires software.amazon.awssdk.services.s3;
    requires software.amazon.awssdk.utils;

    exports io.veloz.wal.archive;
    exports io.veloz.wal.archive.metrics;
    exports io.veloz.wal.archive.s3;
    exports io.veloz.wal.archive.store;
    exports io.veloz.wal.archive.store.probe;

    uses io.veloz.wal.archive.store.ObjectStoreProvider;

    provides io.veloz.wal.spi.ArchiveRestorer with
            io.veloz.wal.archive.internal.restore.ArchiveRestore;
    provides io.veloz.wal.archive.store.ObjectStoreProvider with
            io.veloz.wal.archive.s3.S3StoreProvider,
            io.veloz.wal.archive.store.DirectoryStoreProvider;
}
