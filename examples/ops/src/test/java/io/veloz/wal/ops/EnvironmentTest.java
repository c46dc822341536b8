package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The log, its archive and the tool behave the same in every JVM. Each test starts a process. */
@Timeout(300)
class EnvironmentTest {
    @TempDir
    static Path scratch;

    private static Run plain;

    private record Run(int exitCode, String out, String err) {
        /** Exit codes and patterns of file names. The numbers of slots, segments and prepared files depend on timing. */
        Set<String> facts() {
            assertThat(exitCode).as(err).isZero();
            return out.lines()
                    .filter(line -> line.startsWith("file ") || line.contains(" exits ") || line.startsWith("archived"))
                    .filter(line -> !line.matches(".*(prepared|archive/probe|archive/segments).*"))
                    .map(line -> line.replaceAll("orders_archive_[0-9a-f]+", "orders_archive_ID")
                            .replaceAll("[0-9]{3,}", "N"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static Run child(String name, List<String> jvmOptions, String... words) throws IOException {
        Path directory = Files.createDirectory(scratch.resolve(name));
        Path out = scratch.resolve(name + ".out");
        Path err = scratch.resolve(name + ".err");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(RoundTripChild.class.getName(), directory.toString()));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        return new Run(process.onExit().join().exitValue(), Files.readString(out), Files.readString(err));
    }

    @BeforeAll
    static void runWithoutLocale() throws IOException {
        plain = child("plain", List.of("-Duser.language=", "-Duser.country="), "orders");
        assertThat(plain.facts())
                .contains("archived true", "probe exits 0", "restore exits 0", "salvage exits 2", "orders exits 0");
    }

    @ParameterizedTest
    @CsvSource({"fa, IR, u-nu-arabext, probe", "ar, EG, u-nu-arab, ''", "hi, IN, u-nu-deva, ''", "tr, TR, '', ''"})
    void outputDoesNotDependOnTheLocale(String language, String country, String extensions, String more)
            throws IOException {
        Run local = child(
                language,
                List.of("-Duser.language=" + language, "-Duser.country=" + country, "-Duser.extensions=" + extensions),
                "orders",
                more);
        assertThat(local.facts()).isEqualTo(plain.facts());
        assertThat(local.out().replaceAll("\\p{ASCII}+", "")).as(local.out()).isEmpty();
    }

    @Test
    @EnabledForJreRange(minVersion = 24, disabledReason = "--sun-misc-unsafe-memory-access came with JDK 24")
    void worksWhereUnsafeIsDenied() throws IOException {
        assertThat(JRE.currentVersionNumber()).isGreaterThanOrEqualTo(24);
        Run denied = child("denied", List.of("--sun-misc-unsafe-memory-access=deny"));
        Set<String> expected = plain.facts();
        expected.removeIf(fact -> fact.contains("orders exits") || fact.startsWith("file orders"));
        assertThat(denied.facts()).isEqualTo(expected);
        assertThat(denied.err()).doesNotContain("sun.misc.Unsafe", "UnsupportedOperationException");
    }
}
