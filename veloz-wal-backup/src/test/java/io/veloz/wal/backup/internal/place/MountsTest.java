package io.veloz.wal.backup.internal.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.backup.RecoveryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountsTest {
    private static final Path PROC = Path.of("/proc");

    @TempDir
    Path dir;

    @BeforeEach
    void requireTable() {
        assumeTrue(
                Files.isReadable(Path.of("/proc/self/mountinfo")), "needs the table of mounts that Linux has in /proc");
    }

    @Test
    void mountPointAndWhatIsMountedBelowAreFound() throws IOException {
        assertThat(Mounts.atOrBelow(PROC)).contains(PROC);
        assertThat(Mounts.atOrBelow(Path.of("/"))).contains(PROC);
        assertThat(Mounts.atOrBelow(dir)).isEmpty();
    }

    @Test
    void linkToAMountPointIsOne() throws IOException {
        assertThat(Mounts.atOrBelow(Files.createSymbolicLink(dir.resolve("link"), PROC)))
                .contains(PROC);
    }

    @Test
    void whatIsMountedIsNotRenamed() {
        assertThatThrownBy(() -> Places.requireMovable(PROC))
                .isInstanceOf(RecoveryException.class)
                .hasMessageContaining("mounted at or below");
    }
}
