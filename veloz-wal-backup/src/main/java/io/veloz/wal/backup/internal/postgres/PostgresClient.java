package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.postgres.PostgresException.Kind;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The client programs of PostgreSQL, started for one role of one server. They get an environment of their own, which has
 * what libpq needs and no password. Immutable.
 */
final class PostgresClient {
    /** Variables of the own environment that the programs keep. */
    private static final Set<String> KEPT = Set.of(
            "PATH",
            "HOME",
            "PGHOST",
            "PGHOSTADDR",
            "PGPORT",
            "PGUSER",
            "PGPASSFILE",
            "PGSERVICE",
            "PGSERVICEFILE",
            "PGSYSCONFDIR",
            "PGSSLMODE",
            "PGSSLROOTCERT",
            "PGSSLCERT",
            "PGSSLKEY",
            "PGSSLCRL",
            "PGCHANNELBINDING",
            "PGGSSENCMODE",
            "PGKRBSRVNAME",
            "KRB5CCNAME",
            "KRB5_CONFIG");

    private static final Set<PosixFilePermission> OPEN = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE);

    private static final Duration VERSION_LIMIT = Duration.ofSeconds(30);
    private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)(?:\\.(\\d+))?");

    private final DatabaseSettings settings;
    private final Map<String, String> environment;
    private final List<String> findings;
    private final String where;

    private PostgresClient(
            DatabaseSettings settings, Map<String, String> environment, List<String> findings, String where) {
        this.settings = settings;
        this.environment = environment;
        this.findings = findings;
        this.where = where;
    }

    /** Returns a client for the role that dumps. */
    static PostgresClient forBackup(DatabaseSettings settings) throws PostgresException {
        return of(settings, settings.user(), System.getenv());
    }

    /** Returns a client for the role that restores. */
    static PostgresClient forRecovery(DatabaseSettings settings) throws PostgresException {
        String user = settings.restoreUser() == null ? settings.user() : settings.restoreUser();
        return of(settings, user, System.getenv());
    }

    static PostgresClient of(DatabaseSettings settings, @Nullable String user, Map<String, String> own)
            throws PostgresException {
        Map<String, String> environment = new HashMap<>();
        for (String name : KEPT) {
            String value = own.get(name);
            if (value != null) {
                environment.put(name, value);
            }
        }
        if (settings.host() != null) {
            environment.put("PGHOST", settings.host());
            environment.remove("PGHOSTADDR");
        }
        if (settings.port() != 0) {
            environment.put("PGPORT", String.valueOf(settings.port()));
        }
        if (user != null) {
            environment.put("PGUSER", user);
        }
        if (settings.passwordFile().isPresent()) {
            Path file = settings.passwordFile().get();
            checkPasswordFile(file);
            environment.put("PGPASSFILE", file.toString());
        }
        environment.put("PGAPPNAME", "veloz-wal-backup");
        environment.put("PGCONNECT_TIMEOUT", "10");
        environment.put("PGCLIENTENCODING", "UTF8");
        environment.put("LC_ALL", "C");
        List<String> findings = new ArrayList<>();
        if (own.containsKey("PGPASSWORD")) {
            findings.add(
                    "PGPASSWORD is set in the environment, which other processes of this user can read; it is not used:"
                            + " put the password into database.password-file, mode 0600");
        }
        String where = "PostgreSQL at " + environment.getOrDefault("PGHOST", "the default socket")
                + (environment.containsKey("PGPORT") ? ":" + environment.get("PGPORT") : "")
                + (environment.containsKey("PGUSER") ? " as " + environment.get("PGUSER") : "");
        return new PostgresClient(settings, Map.copyOf(environment), List.copyOf(findings), where);
    }

    /** libpq ignores a file that others can read, and then reports only that it has no password. */
    private static void checkPasswordFile(Path file) throws PostgresException {
        Set<PosixFilePermission> mode;
        try {
            mode = Files.getPosixFilePermissions(file);
        } catch (IOException e) {
            throw new PostgresException(Kind.RIGHTS, "the password file " + file + " cannot be read: " + e);
        }
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new PostgresException(Kind.RIGHTS, "the password file " + file + " is not a readable regular file");
        }
        if (mode.stream().anyMatch(OPEN::contains)) {
            throw new PostgresException(
                    Kind.RIGHTS,
                    "the password file " + file + " is open to group or others; expected mode 0600: chmod 600 " + file);
        }
    }

    DatabaseSettings settings() {
        return settings;
    }

    /** Returns server and role, for messages. */
    String where() {
        return where;
    }

    /** Returns findings about the environment, for the report. */
    List<String> findings() {
        return findings;
    }

    /** Starts a program with the cleaned environment. */
    ChildProcess start(Duration limit, String program, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(path(program).toString());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(environment);
        return ChildProcess.start(program, builder, limit);
    }

    private Path path(String program) throws PostgresException {
        List<Path> directories = new ArrayList<>();
        if (settings.programs() != null) {
            directories.add(settings.programs());
        } else {
            for (String part : environment.getOrDefault("PATH", "/usr/bin:/bin").split(File.pathSeparator, -1)) {
                directories.add(Path.of(part));
            }
        }
        for (Path directory : directories) {
            Path file = directory.resolve(program).toAbsolutePath();
            if (Files.isRegularFile(file) && Files.isExecutable(file)) {
                return file;
            }
        }
        throw new PostgresException(
                Kind.CLIENT,
                program + " is not in "
                        + (settings.programs() != null ? settings.programs() : "a directory of the PATH")
                        + ": install the Debian package postgresql-client of the server's version, or set"
                        + " database.programs");
    }

    /** Returns the version of a program in the form of {@code server_version_num}: 150018 is 15.18. */
    int version(String program) throws IOException {
        try (ChildProcess child = start(VERSION_LIMIT, program, List.of("--version"))) {
            child.in().close();
            String text = new String(child.out().readNBytes(1_024), StandardCharsets.UTF_8);
            int code = child.waitFor();
            Matcher matcher = VERSION.matcher(text);
            if (code != 0 || !matcher.find()) {
                throw new PostgresException(
                        Kind.CLIENT, "the version of " + program + " is unknown: " + child.failure(code));
            }
            String minor = matcher.group(2);
            return Integer.parseInt(matcher.group(1)) * 10_000 + (minor == null ? 0 : Integer.parseInt(minor));
        }
    }

    /** Refuses a program that is older than the server: it would fail, or write a dump that lacks something. */
    int requireVersion(String program, int server) throws IOException {
        int version = version(program);
        if (version / 10_000 < server / 10_000) {
            throw new PostgresException(
                    Kind.CLIENT,
                    program + " has version " + readable(version) + ", but " + where + " has version "
                            + readable(server) + ": install the Debian package postgresql-client-" + server / 10_000);
        }
        return version;
    }

    static String readable(int version) {
        return version / 10_000 + "." + version % 10_000;
    }
}
