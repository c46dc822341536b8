package io.veloz.wal.backup.internal.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.RecoveryException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class VaultExportCheckTest {
    private static final String HEADER = "{\"format\":\"veloz-vault\",\"paths\":[\"secret\"],\"version\":1}\n";

    private static void assertDamaged(String text, String message) {
        ByteArrayInputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> VaultImport.check(in))
                .isInstanceOf(RecoveryException.class)
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("marker-secret"));
    }

    @Test
    void lineThatIsNotJsonIsNotQuoted() {
        assertDamaged(HEADER + "{\"password\":marker-secret}\n", "line 2: not JSON at byte");
    }

    @Test
    void cutExportIsDamaged() {
        assertDamaged(HEADER, "the export was cut");
    }
}
