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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The chapters "Keys" and "By hand" of docs/disaster-recovery.md: keys made by gpg, and an attachment that gpg and tar open. */
@Timeout(120)
class ByHandTest {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;
    private @Nullable Path keyring;

    @BeforeEach
    void makePoint() throws Exception {
        for (String program : List.of("gpg", "tar")) {
            assumeTrue(
                    Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                            .anyMatch(directory -> new File(directory, program).canExecute()),
                    program + " is not installed: install the package " + (program.equals("gpg") ? "gnupg" : "tar"));
        }
        engine = new BackedUpEngine(scratch);
        // A short path: the operating system limits that of the agent's socket.
        keyring = Files.createTempDirectory("kr-");
        useKeysOfGpg();
        engine.run("backup").exits(ExitCode.OK);
    }

    @AfterEach
    void deleteKeyring() throws Exception {
        if (keyring != null) {
            sh("gpgconf --kill gpg-agent; rm -rf \"$GNUPGHOME\"");
        }
    }

    /** Makes keys as the document does, and names them in the profile. */
    private void useKeysOfGpg() throws Exception {
        String[] fingerprints = sh("""
                        cd keys
                        for name in operations offline signer; do
                          gpg --batch --quiet --passphrase '' --quick-gen-key "veloz $name" default default never 2> made
                          gpg --armor --export "veloz $name" > "$name.asc"
                          (umask 077; rm -f "$name.key"; gpg --batch --armor --export-secret-keys "veloz $name" > "$name.key")
                        done
                        gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME"; mkdir -m 700 "$GNUPGHOME"
                        for name in operations offline signer; do
                          gpg --quiet --with-colons --show-keys "$name.asc" 2> shown |
                            awk -F: '/^pub/ { p = 1 } /^fpr/ && p { print $10; p = 0 }'
                        done
                        """).split("\n");
        assertThat(fingerprints).hasSize(3).allMatch(fingerprint -> fingerprint.matches("[0-9A-F]{40}"));
        String profile = Files.readString(engine.profile())
                .replaceAll(
                        "(?m)^recipients.fingerprints = .*$",
                        "recipients.fingerprints = " + fingerprints[0] + ", " + fingerprints[1])
                .replaceAll("(?m)^signer.fingerprint = .*$", "signer.fingerprint = " + fingerprints[2]);
        Files.writeString(engine.profile(), profile);
    }

    private String sh(String script) throws Exception {
        Path output = scratch.resolve("output");
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-e", "-c", script)
                .directory(scratch.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().put("GNUPGHOME", String.valueOf(keyring));
        Process process = builder.start();
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
                attachment
                        .get("chunks")
                        .forEach(key -> keys.append(key.asText()).append('\n'));
            }
        }
        Path list = Files.writeString(scratch.resolve("keys.txt"), keys);
        String printed = sh("gpg --batch --quiet --import keys/operations.key keys/signer.asc\n"
                + "(cd archive && cat $(cat " + list + ")) > secrets.tar.gpg\n"
                + "gpg --batch --output secrets.tar --decrypt secrets.tar.gpg && echo COMPLETE\n"
                + "install -d -m 0700 restored && tar -xpf secrets.tar --same-owner -C restored\n");
        assertThat(printed).contains("Good signature from \"veloz signer\"", "COMPLETE\n");
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
