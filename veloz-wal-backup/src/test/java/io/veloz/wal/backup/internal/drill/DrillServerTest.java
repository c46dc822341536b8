package io.veloz.wal.backup.internal.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.backup.RunningProcess;
import io.veloz.wal.backup.TestKeys;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.backup.internal.profile.DrillSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** One server for all tests; the last one ends it. */
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DrillServerTest {
    private static final DrillSettings SETTINGS = new DrillSettings(
            List.of(),
            Optional.empty(),
            "postgres",
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    private static Path dir;
    private static Path programs;
    private static DrillServer server;

    @BeforeAll
    static void start() throws IOException {
        Optional<Path> installed = DrillServer.programs(SETTINGS, 14);
        assumeTrue(installed.isPresent(), "PostgreSQL is not installed: apt-get install postgresql");
        // A short path that the server's user can reach.
        dir = Files.createTempDirectory(Path.of("/tmp"), "ds");
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        programs = Files.createDirectory(dir.resolve("bin"));
        for (String program : List.of("initdb", "pg_ctl")) {
            Path script = Files.writeString(
                    programs.resolve(program),
                    "#!/bin/sh\ncat /proc/$$/environ > \"$HOME/environment." + program + "\"\nexec "
                            + installed.get().resolve(program) + " \"$@\"\n");
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Files.setPosixFilePermissions(programs, PosixFilePermissions.fromString("rwxr-xr-x"));
        server = DrillServer.start(programs, dir.resolve("pg"), SETTINGS);
    }

    @AfterAll
    static void end() throws IOException {
        if (server != null) {
            server.close();
        }
        if (dir != null) {
            Trees.delete(dir);
        }
    }

    private record Result(int exit, String text) {}

    private static Result run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return new Result(process.waitFor(), text);
    }

    private static String[] psql(String role, String sql) {
        return new String[] {
            "psql", "-XAtw", "-h", server.socketDirectory().toString(), "-U", role, "-d", "postgres", "-c", sql
        };
    }

    private static String mode(String path) throws IOException {
        return PosixFilePermissions.toString(
                Files.getPosixFilePermissions(server.socketDirectory().resolve(path)));
    }

    @Test
    void directoriesAndSocketAreClosedToOtherUsers() throws Exception {
        assertThat(mode("")).isEqualTo("rwx------");
        assertThat(mode("data")).isEqualTo("rwx------");
        assertThat(mode(".s.PGSQL.5432")).isEqualTo("rwx------");
        assertThat(run(psql("drill", "SHOW listen_addresses"))).isEqualTo(new Result(0, ""));
    }

    @Test
    void anotherUserCannotConnect() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "run as root: another user is needed");
        List<String> command = new ArrayList<>(List.of("runuser", "-u", "nobody", "--"));
        command.addAll(List.of(psql("drill", "SELECT 1")));
        assertThat(run(command.toArray(new String[0])).text()).contains("Permission denied");
        // Also if the mode of the directory were not there.
        command.set(2, "postgres");
        assertThat(run(command.toArray(new String[0])).text()).contains("Peer authentication failed");
    }

    @Test
    void recoveredRoleCannotLogIn() throws Exception {
        assertThat(run(psql("drill", "CREATE ROLE recovered LOGIN SUPERUSER")).exit())
                .isZero();
        assertThat(run(psql("recovered", "SELECT 1")).text()).contains("no pg_hba.conf entry");
    }

    @Test
    void programsGetNoVariableOfThisProcess() throws Exception {
        for (String program : List.of("initdb", "pg_ctl")) {
            String text = Files.readString(server.socketDirectory().resolve("environment." + program));
            assertThat(text.split("\0", -1))
                    .filteredOn(variable -> !variable.isEmpty())
                    .extracting(variable -> variable.substring(0, variable.indexOf('=')))
                    .as(program)
                    .containsExactlyInAnyOrder("PATH", "HOME", "LANG", "LC_ALL");
        }
    }

    private static String postmaster(Path home) throws IOException {
        return Files.readAllLines(home.resolve("data/postmaster.pid")).get(0);
    }

    @Test
    void signalEndsTheServer() throws Exception {
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        Path profile = Files.writeString(
                dir.resolve("backup.properties"),
                "state.directory = state\nconfiguration.roots = etc\n" + keys.profileLines());
        Path directory = dir.resolve("drill");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        GuardedServer.class.getName(),
                        profile.toString(),
                        directory.toString(),
                        programs.toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).isEqualTo("started");
            String postmaster = postmaster(directory.resolve("pg"));
            process.destroy();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(RunningProcess.runs(postmaster)).isFalse();
            assertThat(directory).doesNotExist();
        }
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void interruptedThreadEndsTheServer() throws Exception {
        String postmaster = postmaster(server.socketDirectory());
        Thread.currentThread().interrupt();
        server.close();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(RunningProcess.runs(postmaster)).isFalse();
    }
}
