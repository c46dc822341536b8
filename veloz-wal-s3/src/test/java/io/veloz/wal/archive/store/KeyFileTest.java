package io.veloz.wal.archive.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyFileTest {
    private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

    @TempDir
    Path dir;

    private Path file(String text) throws IOException {
        return file(text, "rw-------");
    }

    private Path file(String text, String permissions) throws IOException {
        Path file = dir.resolve("keys");
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        return file;
    }

    @Test
    void lastKeyIsTheActiveOne() throws IOException {
        EncryptionKeys keys = EncryptionKeys.ofFile(file("# keys\n2026-01=" + KEY + "\n\n2026-07 = " + KEY + "\r\n"));
        assertThat(keys.activeId()).isEqualTo("2026-07");
        assertThat(keys.key("2026-01")).isEqualTo(new byte[32]);
        assertThat(keys.key("2026")).isNull();
    }

    @ParameterizedTest
    @CsvSource({"r--r-----", "rw----r--", "rw--w----"})
    void fileThatOthersCanReadOrChangeIsRefused(String permissions) throws IOException {
        Path file = file("k=" + KEY, permissions);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncryptionKeys.ofFile(file))
                .withMessageContaining("chmod 600 " + file);
    }

    @ParameterizedTest
    @CsvSource({
        "'', no key",
        "'# nothing', no key",
        "SECRET, line 1: expected id=key",
        ".k=SECRET, line 1: expected id=key",
        "k=SECRET!, line 1: the key is not Base64",
        "k=c2VjcmV0, line 1: a key of 6 bytes; expected 32"
    })
    void invalidFileIsRefusedWithoutItsContent(String text, String message) throws IOException {
        Path file = file(text);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncryptionKeys.ofFile(file))
                .withMessageContaining(message)
                .satisfies(e -> {
                    assertThat(e.getMessage()).doesNotContain("SECRET").doesNotContain("c2VjcmV0");
                    assertThat(e.getCause()).isNull();
                });
    }

    @Test
    void secondKeyWithAnIdIsRefused() throws IOException {
        Path file = file("k=" + KEY + "\nk=" + KEY);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncryptionKeys.ofFile(file))
                .withMessageContaining("line 2: a second key with the id k");
    }

    @Test
    void storeIsOpenedWithTheKeysOfTheSetting() throws IOException {
        Map<String, String> settings =
                Map.of(ObjectStores.KEYS_SETTING, file("k=" + KEY).toString());
        try (ObjectStore store =
                ObjectStores.open(dir.resolve("archive").toUri().toString(), settings)) {
            assertThat(store.encryptionKeys().activeId()).isEqualTo("k");
        }
    }

    @Test
    void missingFileOfKeysIsRefused() {
        Map<String, String> settings =
                Map.of(ObjectStores.KEYS_SETTING, dir.resolve("missing").toString());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ObjectStores.open(dir.toUri().toString(), settings))
                .withMessageContaining("cannot be read")
                .withMessageContaining("missing");
    }
}
