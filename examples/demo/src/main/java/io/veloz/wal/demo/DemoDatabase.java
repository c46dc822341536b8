package io.veloz.wal.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A PostgreSQL server with a cluster of its own, in a directory that only its user can enter. It can be reached only by the
 * Unix socket in this directory, so it needs no password. Not thread-safe.
 */
final class DemoDatabase implements AutoCloseable {
    /** The role of the demo, which owns the cluster. */
    static final String SUPERUSER = "postgres";

    /** The number in the name of the socket. */
    static final int PORT = 5432;

    /** The operating system limits the path of a socket to 107 bytes. */
    private static final int HOME_MAX_BYTES = 80;

    private static final int OUTPUT_MAX_BYTES = 2_000;
    private static final long TIMEOUT_SECONDS = 60;

    private final Path programs;
    private final Path home;
    private final boolean root;
    private WatchedProcess server;

    @SuppressWarnings("NullAway.Init") // start() creates the cluster
    private DemoDatabase(Path programs, Path home, boolean root) {
        this.programs = programs;
        this.home = home;
        this.root = root;
    }

    /**
     * Creates a cluster, and starts its server.
     *
     * @param home a directory that does not exist
     * @throws IOException if that is not possible on this machine
     */
    static DemoDatabase start(Path programs, Path home) throws IOException, InterruptedException {
        if (home.toString().getBytes(StandardCharsets.UTF_8).length > HOME_MAX_BYTES) {
            throw new IOException(home + " is too long for the directory of a Unix socket");
        }
        // The directory was created by this process.
        boolean root = Files.getOwner(home.resolveSibling("")).getName().equals("root");
        DemoDatabase database = new DemoDatabase(programs, home, root);
        database.create();
        return database;
    }

    private void create() throws IOException, InterruptedException {
        Files.createDirectory(home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        if (root) {
            // PostgreSQL refuses to run as root.
            Files.setOwner(home, serverUser());
        }
        Path data = home.resolve("data");
        List<String> initdb = asServer(
                "initdb", "-D", data.toString(), "-A", "trust", "-U", SUPERUSER, "-N", "-E", "UTF8", "--locale=C");
        run("initdb", initdb, "");
        List<String> command = asServer(
                "postgres",
                "-D",
                data.toString(),
                "-c",
                "listen_addresses=",
                "-c",
                "unix_socket_directories=" + home,
                "-c",
                "port=" + PORT,
                "-c",
                "fsync=off");
        // SIGQUIT: the server ends all its processes at once, and removes its shared memory.
        server = WatchedProcess.start("PostgreSQL in " + home, "QUIT", command, home.resolveSibling("postgres.log"));
        awaitReady();
    }

    private static UserPrincipal serverUser() throws IOException {
        try {
            return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName(SUPERUSER);
        } catch (UserPrincipalNotFoundException e) {
            throw new IOException(
                    "PostgreSQL does not run as root, and the user " + SUPERUSER + " does not exist; run the demo as"
                            + " another user",
                    e);
        }
    }

    private List<String> asServer(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        if (root) {
            // It replaces itself with the program, so that a signal reaches it.
            command.addAll(List.of("setpriv", "--reuid=" + SUPERUSER, "--regid=" + SUPERUSER, "--init-groups"));
        }
        command.add(programs.resolve(program).toString());
        command.addAll(List.of(arguments));
        return command;
    }

    private void awaitReady() throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (true) {
            try {
                sql("postgres", "SELECT 1");
                return;
            } catch (IOException e) {
                if (!server.isAlive() || System.nanoTime() > end) {
                    server.close();
                    throw new IOException("PostgreSQL did not start; see " + home.resolveSibling("postgres.log"), e);
                }
                // The server is another process, so polling is the only way to wait for it.
                server.await(50);
            }
        }
    }

    /** Ends the server, deletes everything, and starts an empty cluster, as on a new machine. */
    void replace() throws IOException, InterruptedException {
        close();
        create();
    }

    Path programs() {
        return programs;
    }

    /** Returns the directory of the socket: the host for libpq. */
    Path home() {
        return home;
    }

    /** Runs SQL, and returns what it prints, without headers, with {@code |} between the columns. */
    String sql(String database, String sql) throws IOException, InterruptedException {
        List<String> command = List.of(
                programs.resolve("psql").toString(),
                "-XqAtw",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                home.toString(),
                "-p",
                String.valueOf(PORT),
                "-U",
                SUPERUSER,
                "-d",
                database);
        return run("psql", command, sql);
    }

    private String run(String name, List<String> command, String input) throws IOException, InterruptedException {
        Path output = Files.createTempFile(home.resolveSibling(""), "output-", ".txt");
        Path errors = Files.createTempFile(home.resolveSibling(""), "errors-", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(home.toFile())
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            try (OutputStream in = process.getOutputStream()) {
                in.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // The program has ended; its exit code and its messages follow.
                process.destroy();
            }
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(name + " did not return within " + TIMEOUT_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException(name + " ended with exit code " + process.exitValue() + ": " + first(errors));
            }
            return Files.readString(output).strip();
        } finally {
            Files.delete(output);
            Files.delete(errors);
        }
    }

    private static String first(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(OUTPUT_MAX_BYTES), StandardCharsets.UTF_8).strip();
        }
    }

    /** Ends the server, and deletes the cluster. */
    @Override
    public void close() throws IOException {
        server.close();
        DemoSite.delete(home);
    }
}
