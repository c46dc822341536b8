package io.veloz.wal.backup.internal.vault;

import static io.veloz.wal.backup.internal.vault.VaultSamples.in;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.VaultClient.Patience;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Exports and imports with a real Vault or OpenBao, if {@code VELOZ_TEST_VAULT_ADDR} and {@code
 * VELOZ_TEST_VAULT_TOKEN_FILE} (mode 0600) name one. The server needs a mount of KV version 2 at {@code secret/}; the test
 * writes below {@code secret/veloz-test-<random>} and leaves its paths there.
 *
 * <p>No server was available to the authors: this test never ran against a real Vault. All other tests use {@link
 * VaultServer}, which follows the documentation.
 */
class RealVaultTest {
    private static VaultSettings settings(String path) {
        String address = System.getenv("VELOZ_TEST_VAULT_ADDR");
        String tokenFile = System.getenv("VELOZ_TEST_VAULT_TOKEN_FILE");
        Assumptions.assumeTrue(
                address != null && tokenFile != null,
                "set VELOZ_TEST_VAULT_ADDR and VELOZ_TEST_VAULT_TOKEN_FILE to test with a real Vault");
        return new VaultSettings(
                URI.create(address), Path.of(tokenFile), Optional.empty(), Optional.empty(), List.of(path), 0);
    }

    private static String export(VaultSettings settings) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new VaultExport(settings).writeTo(out);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void exportIsImportedUnderAnotherPathWithTheSameHistory() throws IOException {
        String name = "veloz-test-" + UUID.randomUUID();
        VaultSettings settings = settings("secret/" + name);
        VaultClient client = new VaultClient(settings, Patience.NORMAL);
        for (int i = 1; i <= 4; i++) {
            client.post(
                    "secret/data/" + name + "/a b/key",
                    new Obj().put("data", new Obj().put("n", i).put("text", "value " + i)));
        }
        Obj second = new Obj().put("versions", new JsonValue.Arr(List.of(new JsonValue.Literal("2"))));
        client.post("secret/destroy/" + name + "/a b/key", second);
        String exported = export(settings);
        assertThat(exported).contains("\"secrets\":1}").contains("\"state\":\"destroyed\"");

        String copy = exported.replace(name, name + "-copy");
        new VaultImport(settings).write(in(copy));
        assertThat(new VaultImport(settings).write(in(copy)).equal())
                .containsExactly("secret/" + name + "-copy/a b/key");
        assertThat(export(settings("secret/" + name + "-copy")).replaceAll("_time\":\"[^\"]*\"", ""))
                .isEqualTo(copy.replaceAll("_time\":\"[^\"]*\"", ""));
    }
}
