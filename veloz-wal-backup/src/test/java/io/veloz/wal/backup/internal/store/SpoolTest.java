package io.veloz.wal.backup.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SpoolTest {
    @TempDir
    Path dir;

    /** Another process that has a spool file until its input ends. */
    public static final class OtherJob {
        private OtherJob() {}

        public static void main(String[] args) throws IOException {
            try (Spool spool = Spool.open(Path.of(args[0]))) {
                Files.createFile(spool.file("other"));
                System.out.write('\n');
                System.out.flush();
                System.in.read();
            }
        }
    }

    private Process otherJob() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", classes(Spool.class) + ":" + classes(SpoolTest.class)));
        command.addAll(List.of(OtherJob.class.getName(), dir.toString()));
        Process job = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(job.getInputStream().read()).isEqualTo('\n');
        return job;
    }

    private static Path classes(Class<?> type) {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath());
    }

    private Path left(String name) throws IOException {
        return Files.createFile(dir.resolve(name));
    }

    /** The process id of the crashed backup may be in use again, or belong to another container: 1 always runs. */
    @Test
    void fileOfACrashedBackupIsDeletedWhateverProcessHasItsIdNow() throws IOException {
        Path old = left("spool-1-0123456789abcdef");
        Path other = left("content-mac.key");
        Spool.open(dir).close();
        assertThat(old).doesNotExist();
        assertThat(other).exists();
    }

    @Test
    void fileOfAnotherBackupOfThisProcessStays() throws IOException {
        try (Spool first = Spool.open(dir)) {
            Path file = Files.createFile(first.file("first"));
            Spool.open(dir).close();
            try (Spool second = Spool.open(dir)) {
                assertThat(file).exists();
                Files.createFile(second.file("second"));
            }
        }
        try (Spool third = Spool.open(dir)) {
            assertThat(third.file("first")).doesNotExist();
            assertThat(third.file("second")).doesNotExist();
        }
    }

    @Test
    void fileOfAnotherProcessStaysUntilThatProcessIsKilled() throws Exception {
        Process job = otherJob();
        try {
            for (int i = 0; i < 2; i++) {
                try (Spool spool = Spool.open(dir)) {
                    assertThat(spool.file("other")).exists();
                }
            }
        } finally {
            job.destroyForcibly().waitFor();
        }
        try (Spool spool = Spool.open(dir)) {
            assertThat(spool.file("other")).doesNotExist();
        }
    }
}
