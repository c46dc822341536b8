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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The client programs of PostgreSQL, started for one role of one server. The profile alone selects server, role and database:
 * they are in the connection string of each program, and no variable of libpq that could select others reaches it. A service
 * file would win over {@code PGHOST}, and its {@code hostaddr} over a host in the connection string. Immutable.
 */
final class PostgresClient {
    /** Variables of the own environment that the programs keep: how to authenticate and encrypt, never where to connect. */
    private static final Set<String> KEPT = Set.of(
            "PATH",
            "HOME",
            "PGPASSFILE",
            "PGREQUIREAUTH",
            "PGREQUIREPEER",
            "PGSSLMODE",
            "PGSSLNEGOTIATION",
            "PGSSLMINPROTOCOLVERSION",
            "PGSSLMAXPROTOCOLVERSION",
            "PGSSLROOTCERT",
            "PGSSLCERT",
            "PGSSLCERTMODE",
            "PGSSLKEY",
            "PGSSLCRL",
            "PGSSLCRLDIR",
            "PGSSLSNI",
            "PGCHANNELBINDING",
            "PGGSSENCMODE",
            "PGKRBSRVNAME",
            "KRB5CCNAME",
            "KRB5_CONFIG");

    /** Variables that select a server or a role, by the setting that replaces them. */
    private static final Map<String, String> REDIRECTING = new TreeMap<>(Map.of(
            "PGHOST", "database.host",
            "PGHOSTADDR", "database.host",
            "PGPORT", "database.port",
            "PGUSER", "database.user",
            "PGSERVICE", "database.host"));

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
    private final String server;
    private final String where;

    private PostgresClient(
            DatabaseSettings settings,
            Map<String, String> environment,
            List<String> findings,
            String server,
            String where) {
        this.settings = settings;
        this.environment = environment;
        this.findings = findings;
        this.server = server;
        this.where = where;
    }

    /** Returns a client for the role that dumps. */
    static PostgresClient forBackup(DatabaseSettings settings) throws PostgresException {
        return of(settings, settings.user(), System.getenv());
    }

    /** Returns a client for the role that restores. */
    static PostgresClient forRecovery(DatabaseSettings settings) throws PostgresException {
        return forRecovery(settings, System.getenv());
    }

    /** Returns a client for the role that restores, whose programs get nothing but variables of an environment. */
    static PostgresClient forRecovery(DatabaseSettings settings, Map<String, String> environment)
            throws PostgresException {
        String user = settings.restoreUser() == null ? settings.user() : settings.restoreUser();
        return of(settings, user, environment);
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
        if (settings.passwordFile().isPresent()) {
            Path file = settings.passwordFile().get();
            checkPasswordFile(file);
            environment.put("PGPASSFILE", file.toString());
        }
        environment.put("LC_ALL", "C");
        return new PostgresClient(
                settings,
                Map.copyOf(environment),
                findings(settings, user, own),
                server(settings, user),
                where(settings, user));
    }

    private static String server(DatabaseSettings settings, @Nullable String user) {
        StringBuilder server =
                new StringBuilder(" application_name=veloz-wal-backup connect_timeout=10 client_encoding=UTF8");
        if (settings.host() != null) {
            server.append(' ').append(Sql.parameter("host", settings.host()));
        }
        if (settings.port() != 0) {
            server.append(" port=").append(settings.port());
        }
        if (user != null) {
            server.append(' ').append(Sql.parameter("user", user));
        }
        return server.toString();
    }

    private static String where(DatabaseSettings settings, @Nullable String user) {
        return "PostgreSQL at " + (settings.host() == null ? "the default socket" : settings.host())
                + (settings.port() == 0 ? "" : ":" + settings.port()) + (user == null ? "" : " as " + user);
    }

    private static List<String> findings(DatabaseSettings settings, @Nullable String user, Map<String, String> own) {
        List<String> findings = new ArrayList<>();
        if (own.containsKey("PGPASSWORD")) {
            findings.add(
                    "PGPASSWORD is set in the environment, which other processes of this user can read; it is not used:"
                            + " put the password into database.password-file, mode 0600");
        }
        Set<String> missing = new HashSet<>();
        if (settings.host() == null) {
            missing.add("database.host");
        }
        if (settings.port() == 0) {
            missing.add("database.port");
        }
        if (user == null) {
            missing.add("database.user");
        }
        REDIRECTING.forEach((variable, setting) -> {
            if (own.containsKey(variable) && missing.contains(setting)) {
                findings.add(variable + " is set in the environment, and is not used: the profile alone selects the"
                        + " server; set " + setting);
            }
        });
        return List.copyOf(findings);
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

    /** Starts a program that connects to a database of the profile's server. */
    ChildProcess connect(Duration limit, String program, String database, List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(arguments);
        all.add("--dbname=" + Sql.connection(database) + server);
        return start(limit, program, all);
    }

    private ChildProcess start(Duration limit, String program, List<String> arguments) throws IOException {
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
