/** Chronicle Bytes as payloads, and the import of a Chronicle queue into a log. */
@SuppressWarnings({"module", "requires-automatic", "requires-transitive-automatic"})
module io.veloz.wal.chronicle {
    requires transitive io.veloz.wal;
    requires transitive chronicle.bytes;
    requires chronicle.core;
    requires static chronicle.queue;
    requires static chronicle.wire;
    requires static org.jspecify;
    // Automatic modules name no modules of the JDK; this is what Chronicle Bytes uses.
    requires jdk.unsupported;

    exports io.veloz.wal.chronicle;
}
