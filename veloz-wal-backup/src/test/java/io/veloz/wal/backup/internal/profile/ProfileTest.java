package io.veloz.wal.backup.internal.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProfileTest {
    @TempDir
    Path dir;

    private final Map<String, String> settings = new TreeMap<>(Map.of(
            "state.directory", "lib/state",
            "configuration.roots", "etc/veloz",
            "configuration.exclude", "secrets/**",
            "secrets.roots", "etc/veloz/secrets, opt/.env",
            "recipients", "keys/a.asc, keys/b.asc",
            "recipients.fingerprints", "A".repeat(40) + ", " + "B".repeat(40),
            "signer.key", "keys/signer.key",
            "signer.fingerprint", "C".repeat(40),
            "log.directory", "lib/wal"));

    private Profile read() throws IOException {
        StringBuilder lines = new StringBuilder();
        settings.forEach(
                (key, value) -> lines.append(key).append(" = ").append(value).append('\n'));
        return Profile.read(Files.writeString(dir.resolve("backup.properties"), lines));
    }

    private void assertRefused(String... messages) {
        assertThatThrownBy(this::read)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(dir.resolve("backup.properties") + ": ")
                .satisfies(e -> assertThat(e.getMessage()).contains(messages));
    }

    @Test
    void rootOfTheSecretsMayBeInsideOfOneOfTheConfiguration() throws IOException {
        assertThat(read().trees()).containsOnlyKeys(Kind.CONFIGURATION, Kind.SECRETS);
    }

    @ParameterizedTest
    @CsvSource({
        "state.directory, etc/veloz/state",
        "log.directory, etc/veloz/wal",
        "signer.key, etc/veloz/keys/signer.key",
        "signer.passphrase-file, etc/veloz/keys/passphrase",
        "drill.key, etc/veloz/keys/drill.key",
        "drill.passphrase-file, etc/veloz/keys/passphrase",
        "drill.signer, etc/veloz/keys/signer.asc"
    })
    void whatARecoveryUsesMustNotBeInsideOfARootThatItReplaces(String key, String value) {
        settings.put(key, value);
        assertRefused(
                key + " (" + dir.resolve(value) + ") is inside of configuration.roots (" + dir.resolve("etc/veloz")
                        + "), which a recovery replaces",
                "move it out, or name the parts of " + dir.resolve("etc/veloz"));
    }

    @Test
    void certificateOfARecipientMustNotBeInsideOfARoot() {
        settings.put("recipients", "keys/a.asc, etc/veloz/b.asc");
        assertRefused("recipients (" + dir.resolve("etc/veloz/b.asc") + ") is inside of configuration.roots");
    }

    @Test
    void passwordFileMustNotBeInsideOfARootThoughItIsASecret() {
        settings.put("database.name", "veloz");
        settings.put("database.password-file", "etc/veloz/secrets/pgpass");
        assertRefused(
                "database.password-file (" + dir.resolve("etc/veloz/secrets/pgpass") + ") is inside of secrets.roots");
    }

    @Test
    void tokenAndCertificatesOfVaultMustNotBeInsideOfARoot() {
        settings.put("vault.address", "https://vault:8200");
        settings.put("vault.paths", "secret/veloz");
        settings.put("vault.token-file", "opt/.env");
        settings.put("vault.certificates", "etc/veloz/ca.pem");
        assertRefused(
                "vault.token-file (" + dir.resolve("opt/.env") + ") is inside of secrets.roots",
                "vault.certificates (" + dir.resolve("etc/veloz/ca.pem") + ") is inside of configuration.roots");
    }

    @Test
    void profileMustNotBeInsideOfARoot() {
        settings.put("configuration.roots", ".");
        assertRefused("the profile (" + dir.resolve("backup.properties") + ") is inside of configuration.roots");
    }

    @Test
    void directoryOfTheLogIsReplacedAsARootIs() {
        settings.put("state.directory", "lib/wal/state");
        assertRefused("state.directory (" + dir.resolve("lib/wal/state") + ") is inside of log.directory");
    }

    @Test
    void rootMustNotBeInsideOfTheLogOrOfTheStateDirectory() {
        settings.put("secrets.roots", "lib/wal/keys, lib/state/keys");
        assertRefused(
                "secrets.roots (" + dir.resolve("lib/wal/keys")
                        + "), which a recovery replaces, is inside of log.directory",
                "secrets.roots (" + dir.resolve("lib/state/keys")
                        + "), which a recovery replaces, is inside of state.directory");
    }

    @Test
    void linkDoesNotHideThatAPathIsInsideOfARoot() throws IOException {
        Files.createDirectories(dir.resolve("etc/veloz/real"));
        Files.createSymbolicLink(dir.resolve("state"), dir.resolve("etc/veloz/real"));
        settings.put("state.directory", "state/backup");
        assertRefused("state.directory (" + dir.toRealPath().resolve("etc/veloz/real/backup") + ") is inside of");
    }
}
