package io.veloz.wal.backup.internal.vault;

import static io.veloz.wal.backup.internal.vault.VaultSamples.MARKER;
import static io.veloz.wal.backup.internal.vault.VaultSamples.ONCE;
import static io.veloz.wal.backup.internal.vault.VaultSamples.export;
import static io.veloz.wal.backup.internal.vault.VaultSamples.fill;
import static io.veloz.wal.backup.internal.vault.VaultSamples.put;
import static io.veloz.wal.backup.internal.vault.VaultSamples.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.BackupRefusedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VaultExportTest {
    @TempDir
    Path dir;

    private VaultServer server;

    @BeforeEach
    void start() throws IOException {
        server = VaultServer.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String exported(int version, String... paths) throws IOException {
        return new String(export(settings(server.address(), dir, version, paths)), StandardCharsets.UTF_8);
    }

    private void assertRefused(BackupRefusedException.Reason reason, String message, int version, String... paths) {
        assertThatThrownBy(() -> exported(version, paths))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message)
                .hasNoCause();
    }

    @Test
    void hasHeaderSortedPathsAndTrailer() throws IOException {
        fill(server);
        List<String> lines = exported(0, "secret/veloz", "old").lines().toList();
        assertThat(lines.get(0))
                .isEqualTo("{\"format\":\"veloz-vault\",\"paths\":[\"old\",\"secret/veloz\"],\"version\":1}");
        assertThat(lines.get(lines.size() - 1)).isEqualTo("{\"end\":true,\"secrets\":" + (lines.size() - 2) + "}");
        assertThat(lines.stream().map(line -> line.replaceAll(".*\"path\":\"([^\"]*)\".*", "$1")))
                .containsSubsequence(
                        "team/key",
                        "team/key/below",
                        "veloz/api",
                        "veloz/api/below",
                        "veloz/gone",
                        "veloz/odd/größe €",
                        "veloz/odd/ha#sh",
                        "veloz/odd/per%cent%41",
                        "veloz/odd/plus+",
                        "veloz/odd/quest?ion",
                        "veloz/odd/semi;co:l@n=&",
                        "veloz/odd/with blank",
                        "veloz/planned",
                        "veloz/rotated");
        assertThat(lines).hasSize(16);
    }

    @Test
    void twoExportsOfAnUnchangedServerAreEqual() throws IOException {
        fill(server);
        assertThat(exported(0, "secret", "old")).isEqualTo(exported(0, "old", "secret"));
    }

    @Test
    void historyHasStatesSettingsAndEveryDigit() throws IOException {
        fill(server);
        String line = exported(0, "secret/veloz")
                .lines()
                .filter(text -> text.contains("\"veloz/api\""))
                .findFirst()
                .orElseThrow();
        assertThat(line)
                .contains("\"current\":4")
                .contains("\"settings\":{\"cas_required\":true,\"custom_metadata\":{\"owner\":\"desk\"},"
                        + "\"delete_version_after\":\"3h25m19s\",\"max_versions\":7}")
                .contains("{\"data\":{\"big\":123456789012345678901234567890,\"password\":\"" + MARKER
                        + "\"},\"state\":\"live\"")
                .contains("{\"state\":\"destroyed\",\"times\":{\"created_time\":\"2026-11-28T02:15:00.000000001Z\","
                        + "\"deletion_time\":\"\"},\"version\":2}")
                .contains("{\"state\":\"deleted\"")
                .doesNotContain("third");
    }

    @Test
    void numbersAreCopiedAsTheyWereWritten() throws IOException {
        server.mount("old", 1)
                .send(
                        "POST",
                        "old/n",
                        "{\"a\":1.50,\"b\":-1e-7,\"c\":1E400,\"d\":0.1000000000000000055511151231257827}");
        assertThat(exported(0, "old"))
                .contains("{\"a\":1.50,\"b\":-1e-7,\"c\":1E400,\"d\":0.1000000000000000055511151231257827}");
    }

    @Test
    void exportChangesNothing() throws IOException {
        fill(server);
        String before = server.dump();
        exported(0, "secret", "old");
        assertThat(server.dump()).isEqualTo(before);
        assertThat(server.requests()).extracting(VaultServer.Request::method).containsOnly("GET", "LIST");
    }

    @Test
    void secretAndFolderOfOneNameAreBothExported() throws IOException {
        server.mount("secret", 2);
        put(server, "secret/data/a", "{\"x\":\"file\"}");
        put(server, "secret/data/a/b", "{\"x\":\"below\"}");
        put(server, "secret/data/ab", "{\"x\":\"neighbour\"}");
        assertThat(exported(0, "secret/a/")).contains("file").contains("below").doesNotContain("neighbour");
    }

    @Test
    void overlappingPathsAreExportedOnce() throws IOException {
        server.mount("secret", 2);
        put(server, "secret/data/a/b", "{\"x\":\"1\"}");
        assertThat(exported(0, "secret/a", "secret/a/b", "secret")).contains("\"secrets\":1}");
    }

    @Test
    void deniedPreflightDoesNotStopAnExportOfAnExplicitVersion() throws IOException {
        fill(server);
        server.deny(request -> request.rawPath().startsWith("/v1/sys/"));
        assertThat(exported(2, "secret/veloz")).contains("\"secrets\":12}");
        assertRefused(
                BackupRefusedException.Reason.VAULT_DENIED,
                "GET sys/internal/ui/mounts/secret/veloz",
                0,
                "secret/veloz");
    }

    @Test
    void mountWithSlashIsReadFromTheServer() throws IOException {
        server.mount("team/kv", 2);
        put(server, "team/kv/data/a", "{\"x\":\"1\"}");
        assertThat(exported(0, "team/kv")).contains("\"mount\":\"team/kv\",\"path\":\"a\"");
    }

    @Test
    void explicitVersionThatContradictsTheServerIsRefused() throws IOException {
        fill(server);
        assertRefused(BackupRefusedException.Reason.SOURCE_UNUSABLE, "secret is KV version 2; expected 1", 1, "secret");
    }

    @Test
    void pathWithoutSecretsIsRefused() throws IOException {
        fill(server);
        assertRefused(
                BackupRefusedException.Reason.SOURCE_UNUSABLE,
                "secret/velox is neither a secret nor a folder with secrets",
                0,
                "secret/velox");
    }

    @Test
    void deniedFolderRefusesTheExport() throws IOException {
        fill(server);
        server.deny(
                request -> request.method().equals("LIST") && request.rawPath().contains("odd"));
        assertRefused(
                BackupRefusedException.Reason.VAULT_DENIED,
                "LIST secret/metadata/veloz/odd/: denied",
                0,
                "secret/veloz");
    }

    @Test
    void sealedServerIsRefused() {
        server.answer(503, "{\"errors\":[\"Vault is sealed\"]}");
        assertRefused(BackupRefusedException.Reason.VAULT_SEALED, "the server is sealed", 0, "secret");
    }

    @Test
    void secretThatIsDeletedDuringTheExportIsLeftOut() throws IOException {
        server.mount("secret", 2);
        put(server, "secret/data/a", "{\"x\":\"1\"}");
        put(server, "secret/data/b", "{\"x\":\"2\"}");
        server.recover();
        server.afterNextRequest(() -> server.afterNextRequest(() -> delete("secret/metadata/b")));
        assertThat(exported(2, "secret")).contains("\"secrets\":1}");
    }

    private void delete(String path) {
        try {
            server.send("DELETE", path, "");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void versionThatIsDroppedDuringTheReadIsReadAgain() throws IOException {
        server.mount("secret", 2).defaultMaxVersions(1);
        put(server, "secret/data/a", "{\"x\":\"first\"}");
        server.deny(request -> {
            if (request.rawPath().endsWith("/data/a") && !server.dump().contains("second")) {
                write("{\"x\":\"second\"}");
            }
            return false;
        });
        assertThat(exported(2, "secret"))
                .contains("second")
                .contains("\"current\":2")
                .doesNotContain("first");
    }

    @Test
    void secretThatChangesAtEachReadIsRefused() throws IOException {
        server.mount("secret", 2).defaultMaxVersions(1);
        put(server, "secret/data/a", "{\"x\":\"first\"}");
        server.deny(request -> {
            if (request.rawPath().endsWith("/data/a")) {
                write("{\"x\":\"next\"}");
            }
            return false;
        });
        assertRefused(BackupRefusedException.Reason.SOURCE_CHANGES, "secret/a changed during 3 attempts", 2, "secret");
    }

    private void write(String data) {
        try {
            put(server, "secret/data/a", data);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void exportOverTheLimitIsRefused() throws IOException {
        server.mount("old", 1);
        String large = "x".repeat(20 * 1024 * 1024);
        for (int i = 0; i < 4; i++) {
            server.send("POST", "old/" + i, "{\"x\":\"" + large + "\"}");
        }
        assertThatThrownBy(() -> new VaultExport(settings(server.address(), dir, 1, "old"), ONCE)
                        .writeTo(OutputStream.nullOutputStream()))
                .isInstanceOf(BackupRefusedException.class)
                .hasMessageContaining("more than 67108864 bytes");
    }

    @Test
    void cutAtAnyRequestIsAnErrorAndNeverAWholeExport() throws IOException {
        fill(server);
        byte[] whole = export(settings(server.address(), dir, 0, "secret/veloz", "old"));
        int requests = server.requests().size();
        assertThat(requests).isGreaterThan(30);
        for (VaultServer.Failure how : VaultServer.Failure.values()) {
            for (int number = 1; number <= requests; number++) {
                server.failFrom(number, how);
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                assertThatThrownBy(
                                () -> new VaultExport(settings(server.address(), dir, 0, "secret/veloz", "old"), ONCE)
                                        .writeTo(out))
                        .as("request %s, %s", number, how)
                        .isInstanceOf(IOException.class)
                        .hasMessageNotContaining(MARKER);
                assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("\"end\":true");
            }
        }
        server.recover();
        assertThat(export(settings(server.address(), dir, 0, "secret/veloz", "old")))
                .isEqualTo(whole);
    }

    @Test
    void oneFailureOfAnyRequestIsTriedAgain() throws IOException {
        fill(server);
        byte[] whole = export(settings(server.address(), dir, 0, "secret/veloz"));
        int requests = server.requests().size();
        for (int number = 1; number <= requests; number++) {
            server.recover();
            server.failOnce(number, VaultServer.Failure.ERROR_BEFORE);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            new VaultExport(settings(server.address(), dir, 0, "secret/veloz"), VaultSamples.THREE_TIMES).writeTo(out);
            assertThat(out.toByteArray()).isEqualTo(whole);
            assertThat(server.requests()).hasSize(requests + 1);
        }
    }
}
