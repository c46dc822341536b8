package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallationTest {
    private static final ComparedLog OWN = ComparedLog.of(List.of("veloz-wal")).get(0);
    private static final ComparedLog H2 = ComparedLog.of(List.of("h2")).get(0);

    @TempDir
    private Path module;

    private Installation installation;

    @BeforeEach
    void create() throws IOException {
        Path target = module.resolve("target");
        Path classes = Files.createDirectories(target.resolve("classes"));
        installation = new Installation(
                "own.jar:veloz-wal-core.jar",
                classes,
                List.of(Path.of("/lib/HdrHistogram.jar"), Path.of("/lib/jspecify.jar")),
                module.resolve("peers"),
                target);
    }

    private void build(String name) throws IOException {
        Path target = module.resolve("peers/" + name + "/target");
        Files.createDirectories(target.resolve("lib"));
        Files.createFile(target.resolve("veloz-wal-peer-" + name + "-0.1.0.jar"));
        Files.createFile(target.resolve("lib/h2-mvstore-2.4.240.jar"));
        Files.createFile(target.resolve("lib/readme.txt"));
    }

    @Test
    void classPathOfAPeerHasItsOwnLibrariesOnly() throws IOException {
        build("h2");

        assertThat(installation.classPath(H2))
                .isEqualTo(String.join(
                        File.pathSeparator,
                        module.resolve("target/classes").toString(),
                        "/lib/HdrHistogram.jar",
                        "/lib/jspecify.jar",
                        module.resolve("peers/h2/target/veloz-wal-peer-h2-0.1.0.jar")
                                .toString(),
                        module.resolve("peers/h2/target/lib/h2-mvstore-2.4.240.jar")
                                .toString()));
    }

    @Test
    void classPathOfThisLogIsThatOfTheProgram() throws IOException {
        assertThat(installation.classPath(OWN)).isEqualTo("own.jar:veloz-wal-core.jar");
        assertThat(installation.missing(OWN)).isEmpty();
    }

    @Test
    void peerThatIsNotBuiltIsMissingWithTheCommandThatBuildsIt() throws IOException {
        assertThat(installation.missing(H2))
                .contains("not built: no jar in " + module.resolve("peers/h2/target")
                        + "; build it with mvn -Ppeers package");

        build("h2");

        assertThat(installation.missing(H2)).isEmpty();
    }

    @Test
    void versionOfAPeerIsThatOfItsLibrary() throws IOException {
        build("h2");

        assertThat(installation.version(H2)).contains("2.4.240");
        assertThat(installation.version(OWN)).isEmpty();
    }

    @Test
    void currentInstallationHasTheClassesOfThisModule() {
        Installation current = Installation.current();

        assertThat(current.classes().resolve("io/veloz/wal/bench/measure/Measure.class"))
                .isRegularFile();
        assertThat(current.shared()).allMatch(Files::exists);
    }
}
