package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.internal.profile.DrillSettings;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A PostgreSQL server that a drill creates for itself: its own cluster, reachable only by a Unix socket in the drill's
 * directory. So it cannot be the server of production. Ended by {@link #close}.
 */
public final class DrillServer implements Closeable {
    /** The operating system limits the path of a socket to 107 bytes. */
    private static final int SOCKET_DIRECTORY_MAX_BYTES = 80;

    private static final int OUTPUT_MAX_BYTES = 2000;
    private static final int MINUTES = 3;

    private final Path programs;
    private final Path home;
    private final String user;

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
        if (home.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_DIRECTORY_MAX_BYTES) {
            throw new IOException(
                    home + " is too long for the directory of a Unix socket: use a shorter one for the drill");
        }
        Files.createDirectory(home);
        boolean root =
                "root".equals(Files.getOwner(home, LinkOption.NOFOLLOW_LINKS).getName());
        DrillServer server = new DrillServer(programs, home, root ? settings.user() : "");
        if (root) {
            // PostgreSQL refuses to run as root.
            UserPrincipal owner =
                    home.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(settings.user());
            Files.setOwner(home, owner);
        }
        boolean started = false;
        try {
            server.run(
                    "initdb",
                    "-D",
                    home.resolve("data").toString(),
                    "-A",
                    "trust",
                    "-U",
                    "drill",
                    "-E",
                    "UTF8",
                    "--locale=C");
            server.run(
                    "pg_ctl",
                    "-D",
                    home.resolve("data").toString(),
                    "-l",
                    home.resolve("server.log").toString(),
                    "-w",
                    "-t",
                    "60",
                    "-o",
                    "-c listen_addresses='' -c unix_socket_directories='" + home + "' -c port=5432 -c fsync=off",
                    "start");
            started = true;
            return server;
        } finally {
            if (!started) {
                server.close();
            }
        }
    }

    /** Returns the directory of the socket: the host for libpq. */
    public Path socketDirectory() {
        return home;
    }

    private void run(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        if (!user.isEmpty()) {
            command.addAll(List.of("runuser", "-u", user, "--"));
        }
        command.add(programs.resolve(program).toString());
        command.addAll(List.of(arguments));
        // A file, not a pipe: the server inherits it and keeps it open.
        Path output = Files.createTempFile(home.getParent(), "output-", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(new File("/"))
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IOException(program + " did not return within " + MINUTES + " minutes");
            }
            if (process.exitValue() != 0) {
                try (InputStream in = Files.newInputStream(output)) {
                    throw new IOException(program + " ended with exit code " + process.exitValue() + ": "
                            + new String(in.readNBytes(OUTPUT_MAX_BYTES), StandardCharsets.UTF_8).strip());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + program + " ran", e);
        } finally {
            Files.deleteIfExists(output);
        }
    }

    @Override
    public void close() throws IOException {
        if (Files.exists(home.resolve("data/postmaster.pid"))) {
            run("pg_ctl", "-D", home.resolve("data").toString(), "-m", "immediate", "-w", "-t", "60", "stop");
        }
    }
}
