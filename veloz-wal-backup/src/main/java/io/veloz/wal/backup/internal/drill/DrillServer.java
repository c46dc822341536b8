package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.internal.profile.DrillSettings;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server that a drill creates for itself: its own cluster, reachable only by a Unix socket in the drill's
 * directory. So it cannot be the server of production. Ended by {@link #close}, from any thread.
 *
 * <p>No other user reaches it: directories and socket have mode 0700, there is no TCP socket, and it accepts one role, of one
 * user of the operating system.
 */
public final class DrillServer implements Closeable {
    /** The operating system limits the path of a socket to 107 bytes. */
    private static final int SOCKET_DIRECTORY_MAX_BYTES = 80;

    private static final int OUTPUT_MAX_BYTES = 2000;
    private static final int MINUTES = 3;
    /** The superuser, and the only role that can log in. */
    private static final String ROLE = "drill";

    private final Path programs;
    private final Path home;
    private final String user;
    private @Nullable Process running;
    private boolean closed;

    private DrillServer(Path programs, Path home, String user) {
        this.programs = programs;
        this.home = home;
        this.user = user;
    }

    /** Finds {@code initdb} and {@code pg_ctl} of a major version or a later one. */
    public static Optional<Path> programs(DrillSettings settings, int leastMajor) throws IOException {
        if (settings.serverPrograms().isPresent()) {
            return settings.serverPrograms().filter(DrillServer::hasPrograms);
        }
        List<Path> candidates = new ArrayList<>();
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (DirectoryStream<Path> versions = Files.newDirectoryStream(debian, "[0-9]*")) {
                versions.forEach(version -> candidates.add(version.resolve("bin")));
            }
        }
        return candidates.stream()
                .filter(path -> major(path) >= leastMajor && hasPrograms(path))
                .min((left, right) -> Integer.compare(major(left), major(right)));
    }

    private static int major(Path bin) {
        String name = String.valueOf(bin.getName(bin.getNameCount() - 2));
        return name.matches("\\d{1,4}") ? Integer.parseInt(name) : 0;
    }

    private static boolean hasPrograms(Path bin) {
        return Files.isExecutable(bin.resolve("initdb")) && Files.isExecutable(bin.resolve("pg_ctl"));
    }

    /**
     * Creates a cluster in a directory and starts its server. Returns when it accepts connections.
     *
     * @param home a directory that does not exist
     */
    public static DrillServer start(Path programs, Path home, DrillSettings settings) throws IOException {
        DrillServer server = create(programs, home, settings);
        server.start();
        return server;
    }

    /** Creates the directory, before anything runs that would have to be ended. */
    static DrillServer create(Path programs, Path home, DrillSettings settings) throws IOException {
        if (home.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_DIRECTORY_MAX_BYTES) {
            throw new IOException(
                    home + " is too long for the directory of a Unix socket: use a shorter one for the drill");
        }
        Files.createDirectory(home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return new DrillServer(programs, home, isOfRoot(home) ? settings.user() : "");
    }

    private static boolean isOfRoot(Path path) throws IOException {
        return Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).getName().equals("root");
    }

    /** Returns when the server accepts connections; otherwise nothing runs. */
    void start() throws IOException {
        boolean started = false;
        try {
            String client = Files.getOwner(home, LinkOption.NOFOLLOW_LINKS).getName();
            if (!user.isEmpty()) {
                // PostgreSQL refuses to run as root.
                Files.setOwner(
                        home,
                        home.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(user));
            }
            String data = home.resolve("data").toString();
            run(
                    "initdb",
                    "-D",
                    data,
                    "--auth-local=peer",
                    "--auth-host=reject",
                    "-U",
                    ROLE,
                    "-E",
                    "UTF8",
                    "--locale=C");
            Files.writeString(home.resolve("data/pg_hba.conf"), "local all " + ROLE + " peer map=drill\n");
            Files.writeString(home.resolve("data/pg_ident.conf"), "drill \"" + client + "\" " + ROLE + "\n");
            run(
                    "pg_ctl",
                    "-D",
                    data,
                    "-l",
                    home.resolve("server.log").toString(),
                    "-w",
                    "-t",
                    "60",
                    "-o",
                    options(),
                    "start");
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    private String options() {
        return "-c listen_addresses='' -c unix_socket_permissions=0700 -c unix_socket_directories='" + home
                + "' -c port=5432 -c fsync=off";
    }

    /** Returns the directory of the socket: the host for libpq. */
    public Path socketDirectory() {
        return home;
    }

    private void run(String program, String... arguments) throws IOException {
        // Not a pipe: the server inherits it and keeps it open.
        Path output = Files.createTempFile(home.getParent(), "output-", ".txt");
        try {
            Process process = launch(program, List.of(arguments), output);
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                throw new IOException(program + " did not return within " + MINUTES + " minutes");
            }
            requireSuccess(program, process, output);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + program + " ran");
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private synchronized Process launch(String program, List<String> arguments, Path output) throws IOException {
        if (closed) {
            throw new IOException("the PostgreSQL server of the drill was ended");
        }
        Process process = process(program, arguments, output);
        running = process;
        return process;
    }

    private Process process(String program, List<String> arguments, Path output) throws IOException {
        Map<String, String> environment = Children.environment(home);
        environment.put("LC_ALL", "C");
        List<String> command = new ArrayList<>();
        if (!user.isEmpty()) {
            // It sets HOME to that of the user, whose files must not reach the programs.
            command.addAll(List.of("runuser", "-u", user, "--", "env", "-i"));
            environment.forEach((name, value) -> command.add(name + "=" + value));
        }
        command.add(programs.resolve(program).toString());
        command.addAll(arguments);
        return Children.start(command, Path.of("/"), environment, output);
    }

    private static void requireSuccess(String program, Process process, Path output) throws IOException {
        if (process.exitValue() != 0) {
            try (InputStream in = Files.newInputStream(output)) {
                throw new IOException(program + " ended with exit code " + process.exitValue() + ": "
                        + new String(in.readNBytes(OUTPUT_MAX_BYTES), StandardCharsets.UTF_8).strip());
            }
        }
    }

    /**
     * Ends the server and whatever still starts it. An interrupt does not prevent that.
     *
     * @throws IOException if it cannot be ended
     */
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        Process starting = running;
        if (starting != null && starting.isAlive()) {
            Children.end(starting, home, Duration.ZERO);
        }
        running = null;
        Optional<ProcessHandle> server = server();
        if (server.isPresent()) {
            stop(server.get());
        }
    }

    /** Returns the running server. One that was ended while it started leaves its file. */
    private Optional<ProcessHandle> server() throws IOException {
        Path file = home.resolve("data/postmaster.pid");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        return Files.readAllLines(file).stream()
                .limit(1)
                .filter(line -> line.matches("[0-9]{1,9}"))
                .flatMap(line -> ProcessHandle.of(Long.parseLong(line)).stream())
                .filter(Children::runs)
                .findFirst();
    }

    private void stop(ProcessHandle server) throws IOException {
        Path output = Files.createTempFile(home.getParent(), "output-", ".txt");
        try {
            List<String> stop =
                    List.of("-D", home.resolve("data").toString(), "-m", "immediate", "-w", "-t", "60", "stop");
            Process process = process("pg_ctl", stop, output);
            if (!Children.await(process, Duration.ofMinutes(MINUTES))) {
                process.destroyForcibly();
                throw new IOException("pg_ctl stop did not return within " + MINUTES + " minutes");
            }
            // It may have ended by itself meanwhile, and removes its file before it ends.
            if (server().isPresent()) {
                requireSuccess("pg_ctl stop", process, output);
            }
            Children.await(server, Duration.ofSeconds(30));
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
