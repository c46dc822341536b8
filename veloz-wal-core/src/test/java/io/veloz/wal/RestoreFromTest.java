package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the core says of a restore by itself: without the archive's module on the class path. */
class RestoreFromTest {
    @Test
    void missingModuleIsNamedAndNothingOfTheUriButItsScheme() {
        RestoreOptions options = RestoreOptions.into(Path.of("never-made"));
        WalRestoreException refused = catchThrowableOfType(
                WalRestoreException.class, () -> WalRecovery.restoreFrom("s3://bucket/secret", options));
        assertThat(refused.reason()).isEqualTo(WalRestoreException.Reason.UNKNOWN_ARCHIVE);
        assertThat(refused)
                .hasMessageContaining("\"s3:\"")
                .hasMessageContaining("io.veloz:veloz-wal-s3")
                .message()
                .doesNotContain("secret");
        assertThat(Path.of("never-made")).doesNotExist();
    }

    @Test
    void directoryIsTheOneThatTheEnvironmentNames() {
        assertThat(WalRecovery.directoryOf(Map.of("VELOZ_WAL_DIR", " data/wal ")))
                .isEqualTo(Path.of("data/wal"));
        assertThatThrownBy(() -> WalRecovery.directoryOf(Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VELOZ_WAL_DIR is not set; expected a directory");
    }
}
