package io.veloz.wal.demo;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of an engine on its machine: configuration, secrets, profile of the backups, and the script that starts it. All but
 * the log are in a temporary directory, which {@link #close} deletes. Not thread-safe.
 */
final class DemoSite implements AutoCloseable {
    private final Path directory;
    private final Path log;
    private final DemoKeys keys;
    private final Thread atExit = new Thread(this::closeAtExit, "demo-site-end");
    private @Nullable DemoDatabase database;
    private boolean closed;

    private DemoSite(Path directory, Path log, DemoKeys keys) {
        this.directory = directory;
        this.log = log;
        this.keys = keys;
    }

    /**
     * Creates the directory with the keys.
     *
     * @param log directory of the engine's log
     */
    static DemoSite create(Path log) throws IOException {
        // A short name: the sockets of PostgreSQL and gpg are in it.
        Path directory = Files.createTempDirectory("veloz-");
        if (directory.toString().matches(".*[\\s,].*")) {
            Files.delete(directory);
            throw new IOException(directory + ": expected a temporary directory without spaces and commas in its path,"
                    + " which separate words of a profile; set -Djava.io.tmpdir");
        }
        // The user of the PostgreSQL server may enter it, and list nothing.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        DemoSite site = new DemoSite(directory, log, DemoKeys.create(directory.resolve("keys")));
        Runtime.getRuntime().addShutdownHook(site.atExit);
        return site;
    }

    Path directory() {
        return directory;
    }

    Path log() {
        return log;
    }

    DemoKeys keys() {
        return keys;
    }

    Path profile() {
        return directory.resolve("backup.properties");
    }

    Path engineScript() {
        return directory.resolve("engine.sh");
    }

    private Path configuration() {
        return directory.resolve("etc");
    }

    /** Returns a secret of the engine. */
    String venueKey() throws IOException {
        return Files.readString(configuration().resolve("secrets/venue.key")).strip();
    }

    /**
     * Starts a PostgreSQL server in the directory.
     *
     * @throws IOException if that is not possible on this machine
     */
    DemoDatabase startDatabase(Path programs) throws IOException, InterruptedException {
        DemoDatabase started = DemoDatabase.start(programs, directory.resolve("pg"));
        database = started;
        return started;
    }

    /** Writes everything that the engine and its backups need. */
    void install(DemoArchive archive, URI engine, Optional<DemoDatabase> database) throws IOException {
        write("etc/engine.conf", "rw-r--r--", "wal=" + quoted(log.toString()), "archive=" + quoted(archive.uri()));
        write("etc/strategies/market-making.conf", "rw-r-----", "depth = 5", "spread = 0.02");
        write("etc/strategies/hedging.conf", "rw-r-----", "venue = BINANCE", "limit = 250000");
        write("etc/secrets/venue.key", "rw-------", UUID.randomUUID().toString());
        write("etc/secrets/.env", "rw-------", "VENUE_PASSPHRASE=" + UUID.randomUUID());
        write("engine.sh", "rwx------", script(engine.getPort()));
        write("backup.properties", "rw-r--r--", profile(archive, engine, database));
    }

    private void write(String name, String mode, String... lines) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        Files.write(file, List.of(lines));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    /** The engine reads its configuration and its secret, and ends when the demo has ended. */
    private String script(int port) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return String.join(
                "\n",
                "#!/bin/sh",
                "set -eu",
                "cd " + quoted(directory.toString()),
                ". ./etc/engine.conf",
                "[ -s etc/secrets/venue.key ] || { echo 'the key of the venue is missing' >&2; exit 1; }",
                quoted(java) + " -XX:TieredStopAtLevel=1 -Xmx256m -cp " + quoted(absoluteClassPath())
                        + " io.veloz.wal.engine.Main --wal \"$wal\" --archive \"$archive\" --http " + port
                        + " \"$@\" > engine.log 2>&1 < /dev/null &",
                "engine=$!",
                "echo $engine > engine.pid",
                "while kill -0 $engine; do",
                "  kill -0 " + ProcessHandle.current().pid() + " || kill -9 $engine",
                "  sleep 1",
                "done > /dev/null 2>&1 < /dev/null &");
    }

    private static String absoluteClassPath() {
        List<String> paths = new ArrayList<>();
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            paths.add(Path.of(path).toAbsolutePath().toString());
        }
        return String.join(File.pathSeparator, paths);
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private String profile(DemoArchive archive, URI engine, Optional<DemoDatabase> database) {
        String lines = "archive = " + archive.uri() + "\nstate.directory = state\nlog.directory = " + log
                + "\nconfiguration.roots = etc\nconfiguration.exclude = secrets/**\nsecrets.roots = etc/secrets\n"
                + keys.profileLines() + "engine.start = " + engineScript() + " --read-only\nengine.url = " + engine
                + "\nengine.start-timeout = 60s\n";
        return lines
                + database.map(server -> "database.name = " + OrderTable.DATABASE + "\ndatabase.host = " + server.home()
                                + "\ndatabase.port = " + DemoDatabase.PORT + "\ndatabase.user = "
                                + DemoDatabase.SUPERUSER + "\ndatabase.programs = " + server.programs()
                                + "\ndatabase.rows = public.orders\ndatabase.applied-query = " + OrderTable.APPLIED)
                        .orElse("");
    }

    /** Returns mode and digest of each file of the configuration and the secrets. */
    Map<String, String> files() throws IOException {
        Map<String, String> files = new TreeMap<>();
        if (Files.isDirectory(configuration())) {
            try (Stream<Path> all = Files.walk(configuration())) {
                for (Path file : all.toList()) {
                    String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
                    String digest = Files.isDirectory(file) ? "directory" : sha256(Files.readAllBytes(file));
                    files.put(directory.relativize(file).toString(), mode + " " + digest);
                }
            }
        }
        return files;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Deletes what was on the machine of the engine: configuration, secrets, log, state of the backups, their signing key. */
    void lose() throws IOException {
        delete(configuration());
        delete(log);
        delete(directory.resolve("state"));
        keys.loseMachine();
    }

    /** Ends the database, and deletes the directory. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (database != null) {
                database.close();
            }
        } finally {
            delete(directory);
        }
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The JVM ends, and the hook runs.
            return;
        }
    }

    /** After Ctrl-C. The script of the engine ends the engine. */
    private void closeAtExit() {
        try {
            close();
        } catch (IOException e) {
            System.err.println("veloz-wal-demo: cannot delete " + directory + ": " + e.getMessage());
        }
    }

    static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
