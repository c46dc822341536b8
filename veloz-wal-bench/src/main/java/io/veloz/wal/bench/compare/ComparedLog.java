package io.veloz.wal.bench.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A log that takes part in the comparison.
 *
 * @param className its {@link io.veloz.wal.bench.log.LogKind}
 * @param library the beginning of the file name of the library whose version is stated; empty for the logs of this module
 * @param flags flags that its JVM needs
 */
record ComparedLog(String name, Origin origin, String className, String library, List<String> flags) {
    enum Origin {
        /** The log of this project. */
        OWN,
        /** A log of the fewest lines: the floor. */
        HAND_MADE,
        /** A log of another project, in a Maven module of its own. */
        PEER
    }

    static final List<ComparedLog> ALL = List.of(
            new ComparedLog("veloz-wal", Origin.OWN, "io.veloz.wal.bench.log.VelozKind", "", List.of()),
            new ComparedLog("veloz-wal-futures", Origin.OWN, "io.veloz.wal.bench.log.VelozFuturesKind", "", List.of()),
            new ComparedLog("raw-single", Origin.HAND_MADE, "io.veloz.wal.bench.log.RawSingle", "", List.of()),
            new ComparedLog("raw-group", Origin.HAND_MADE, "io.veloz.wal.bench.log.RawGroup", "", List.of()),
            new ComparedLog("raw-leader", Origin.HAND_MADE, "io.veloz.wal.bench.log.RawLeader", "", List.of()),
            peer("artemis", "artemis.ArtemisKind", "artemis-journal-"),
            peer("rocksdb", "rocksdb.RocksdbKind", "rocksdbjni-"),
            peer(
                    "chronicle-queue",
                    "chroniclequeue.ChronicleQueueKind",
                    "chronicle-queue-",
                    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
                    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                    "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
                    "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
                    "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
                    "--add-opens=java.base/java.lang=ALL-UNNAMED",
                    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
                    "--add-opens=java.base/java.io=ALL-UNNAMED",
                    "--add-opens=java.base/java.util=ALL-UNNAMED",
                    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"),
            peer("bookkeeper", "bookkeeper.BookkeeperKind", "bookkeeper-server-"),
            peer("kahadb", "kahadb.KahadbKind", "activemq-kahadb-store-"),
            peer("h2", "h2.H2Kind", "h2-mvstore-"),
            peer("sqlite", "sqlite.SqliteKind", "sqlite-jdbc-"),
            peer(
                    "aeron",
                    "aeron.AeronKind",
                    "aeron-archive-",
                    "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                    "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"));

    static final String OWN = ALL.get(0).name();

    private static ComparedLog peer(String name, String className, String library, String... flags) {
        return new ComparedLog(
                name, Origin.PEER, "io.veloz.wal.bench.peers." + className, library, List.copyOf(Arrays.asList(flags)));
    }

    boolean isPeer() {
        return origin == Origin.PEER;
    }

    /** Returns whether a name is that of a hand-made log. */
    static boolean isHandMade(String name) {
        return ALL.stream().anyMatch(log -> log.name.equals(name) && log.origin == Origin.HAND_MADE);
    }

    /** Returns whether a name is that of a log of this project. */
    static boolean isOwn(String name) {
        return ALL.stream().anyMatch(log -> log.name.equals(name) && log.origin == Origin.OWN);
    }

    /** Returns the logs of the names, in the order of {@link #ALL}. */
    static List<ComparedLog> of(List<String> names) {
        List<String> unknown = new ArrayList<>(names);
        unknown.removeAll(names());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("unknown logs " + unknown + "; known: " + names());
        }
        return ALL.stream().filter(log -> names.contains(log.name)).toList();
    }

    static List<String> names() {
        return ALL.stream().map(ComparedLog::name).toList();
    }
}
