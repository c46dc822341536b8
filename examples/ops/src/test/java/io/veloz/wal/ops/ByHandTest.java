package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The chapter "By hand" of docs/disaster-recovery.md: an attachment opens with gpg and tar. */
@Timeout(120)
class ByHandTest {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;

    @BeforeEach
    void makePoint() throws Exception {
        for (String program : List.of("gpg", "tar")) {
            assumeTrue(
                    Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                            .anyMatch(directory -> new File(directory, program).canExecute()),
                    program + " is not installed: install the package " + (program.equals("gpg") ? "gnupg" : "tar"));
        }
        engine = new BackedUpEngine(scratch);
        engine.run("backup").exits(ExitCode.OK);
    }

    private String sh(String script) throws Exception {
        Path output = scratch.resolve("output");
        Process process = new ProcessBuilder("/bin/sh", "-e", "-c", script)
                .directory(scratch.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        assertThat(process.waitFor()).as(Files.readString(output)).isZero();
        return Files.readString(output);
    }

    @Test
    void secretsAreUnpackedWithGpgAndTar() throws Exception {
        JsonNode attachments =
                engine.run("points", "--json").json().get("points").get(0).get("attachments");
        StringBuilder keys = new StringBuilder();
        for (JsonNode attachment : attachments) {
            if (attachment.get("kind").asText().equals("secrets")) {
                attachment.get("chunks").forEach(key -> keys.append(key.asText()).append('\n'));
            }
        }
        Path list = Files.writeString(scratch.resolve("keys.txt"), keys);
        // A short path: the operating system limits that of the agent's socket.
        Path keyring = Files.createTempDirectory("kr-");
        try {
            String printed = sh("export GNUPGHOME=" + keyring + "\n"
                    + "gpg --batch --quiet --import keys/operations.key keys/signer.asc\n"
                    + "(cd archive && cat $(cat " + list + ")) > secrets.tar.gpg\n"
                    + "gpg --batch --output secrets.tar --decrypt secrets.tar.gpg && echo COMPLETE\n"
                    + "install -d -m 0700 restored && tar -xpf secrets.tar --same-owner -C restored\n");
            assertThat(printed).contains("Good signature from \"signer\"", "COMPLETE\n");
        } finally {
            sh("export GNUPGHOME=" + keyring + "\ngpgconf --kill gpg-agent; rm -rf " + keyring + "\n");
        }
        String name = engine.secret().toString().substring(1);
        assertThat(scratch.resolve("restored").resolve(name)).hasContent(BackedUpEngine.MARKER);
    }

    @Test
    void pointIsReadableWithoutTheTool() throws Exception {
        String json = sh("tail -c +9 archive/points/00000000000000000001 | head -c -40");
        JsonNode point = new ObjectMapper().readTree(json);
        assertThat(point.toString()).contains("\"secrets\"", "\"configuration\"");
    }
}
