package io.veloz.wal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class LossStepTest {
    private static final Pattern SITE = Pattern.compile("--profile (\\S+)/backup\\.properties");

    @TempDir
    Path dir;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Screen screen = new Screen(new PrintStream(bytes, true, StandardCharsets.UTF_8), false);

    private String shown() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private List<String> run(InstalledPrograms programs) throws IOException, InterruptedException {
        try (DemoArchive archive = DemoArchive.start(dir.resolve("archive"), dir.resolve("no-server.jar"))) {
            archive.awaitReady();
            return new LossStep(screen, archive, programs).run(dir.resolve("wal"));
        }
    }

    private void assertThatNothingIsLeft() {
        Matcher site = SITE.matcher(shown());
        assertThat(site.find()).as(shown()).isTrue();
        assertThat(Path.of(site.group(1))).doesNotExist();
        // The script that watches the engine ends within a second after it.
        List<String> running = ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(command -> command.contains(site.group(1)) || command.contains(dir.toString()))
                .filter(command -> !command.contains("engine.sh"))
                .toList();
        assertThat(running).isEmpty();
    }

    @Test
    void wholeEngineIsRecoveredFromOnePoint() throws Exception {
        InstalledPrograms programs = InstalledPrograms.find();
        Assumptions.assumeTrue(
                programs.postgres().isPresent(), "PostgreSQL is not installed: apt-get install postgresql");
        Assumptions.assumeTrue(programs.gpg().isPresent(), "gpg is not installed: apt-get install gnupg");
        assertThat(run(programs)).as(shown()).isEmpty();
        assertThat(shown())
                .contains(
                        "veloz-wal backup --profile ",
                        "point 1 of configuration, database, roles, secrets",
                        "decrypts the secrets of the archive with the offline key",
                        "--start --create-roles",
                        "as in the backup, at record 100; the log adds ",
                        "/health/ready answers with status 200",
                        "every field as before the loss: no differences",
                        "stage database",
                        "the recovered engine accepts a new order");
        assertThat(screen.wrong()).as(shown()).isZero();
        assertThatNothingIsLeft();
    }

    @Test
    void engineIsRecoveredWithoutTheProgramsThatAreNotInstalled() throws Exception {
        InstalledPrograms none = InstalledPrograms.find("", dir.resolve("no-versions"));
        assertThat(run(none)).as(shown()).containsExactly("the database", "the comparison with gpg");
        assertThat(shown())
                .contains(
                        "the database: PostgreSQL is not installed; install it with: apt-get install postgresql",
                        "the comparison with gpg: gpg is not installed; install it with: apt-get install gnupg",
                        "point 1 of configuration, secrets",
                        "every field as before the loss: no differences",
                        "the recovered engine accepts a new order")
                .doesNotContain("WRONG", "--create-roles");
        assertThat(screen.wrong()).as(shown()).isZero();
        assertThatNothingIsLeft();
    }

    @Test
    void serverThatDoesNotStartIsLeftOutWithItsMessage() throws Exception {
        Path broken = programs("broken", "initdb", "postgres", "psql", "pg_dump", "pg_dumpall", "pg_restore");
        Files.writeString(broken.resolve("initdb"), "#!/bin/sh\necho 'no such locale' >&2\nexit 3\n");
        try (DemoArchive archive = DemoArchive.start(dir.resolve("archive"), dir.resolve("no-server.jar"))) {
            InstalledPrograms programs = new InstalledPrograms(Optional.of(broken), Optional.empty());
            Path notALog = Files.createFile(dir.resolve("file"));
            assertThatThrownBy(() -> new LossStep(screen, archive, programs).run(notALog))
                    .isInstanceOf(IOException.class)
                    .hasMessageContainingAll("the engine is not ready: ", notALog.toString());
        }
        assertThat(shown()).contains("left out    the database: initdb ended with exit code ");
    }

    @Test
    void siteIsDeletedWhenItIsClosed() throws Exception {
        DemoSite site = DemoSite.create(dir.resolve("wal"));
        assertThat(site.directory().resolve("keys/offline.key")).exists();
        site.close();
        assertThat(site.directory()).doesNotExist();
    }

    @Test
    void differentMissingAndAdditionalFilesAreDifferences() {
        assertThat(LossStep.differences(Map.of("a", "1", "b", "2"), Map.of("b", "3", "c", "4")))
                .containsExactlyInAnyOrder("a is missing, expected 1", "b is 3, expected 2", "c did not exist before");
        assertThat(LossStep.differences(Map.of("a", "1"), Map.of("a", "1"))).isEmpty();
    }

    @Test
    void programsAreFoundInThePathAndInTheDirectoriesOfVersions() throws Exception {
        Path old = programs("versions/13/bin", "initdb", "postgres", "psql", "pg_dump", "pg_dumpall", "pg_restore");
        Path newer = programs("versions/15/bin", "initdb", "postgres", "psql", "pg_dump", "pg_dumpall", "pg_restore");
        Path client = programs("client", "psql", "pg_dump", "pg_dumpall", "pg_restore", "gpg");
        assertThat(InstalledPrograms.find(client.toString(), dir.resolve("versions")))
                .isEqualTo(new InstalledPrograms(Optional.of(newer), Optional.of(client.resolve("gpg"))));
        assertThat(InstalledPrograms.find(client + ":" + old, dir.resolve("none"))
                        .postgres())
                .contains(old);
        assertThat(InstalledPrograms.find(client.toString(), dir.resolve("none"))
                        .postgres())
                .isEmpty();
    }

    private Path programs(String directory, String... names) throws IOException {
        Path created = Files.createDirectories(dir.resolve(directory));
        for (String name : names) {
            assertThat(Files.createFile(created.resolve(name)).toFile().setExecutable(true))
                    .isTrue();
        }
        return created;
    }
}
