package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LegacyLogTest {
    private static final String FIRST = "orders_0000000000000000.wal";

    @TempDir
    Path directory;

    @Test
    void missingDirectoryIsRejected() {
        Path missing = directory.resolve("nowhere");
        assertThatThrownBy(() -> LegacyLog.open(missing))
                .isInstanceOf(WalOpenException.class)
                .hasMessage(missing + " is not a directory");
    }

    @Test
    void fileInsteadOfADirectoryIsRejected() {
        LegacyWriter.write(directory, "file", new byte[1]);
        assertThatThrownBy(() -> LegacyLog.open(directory.resolve("file"))).isInstanceOf(WalOpenException.class);
    }

    @Test
    void directoryWithoutAnOldLogIsRejected() {
        LegacyWriter.write(directory, "other.wal", new byte[1]);
        assertThatThrownBy(() -> LegacyLog.open(directory))
                .isInstanceOf(WalOpenException.class)
                .hasMessage(directory + " contains no regular file named orders_*.wal");
    }

    @Test
    void logOfThisLibraryIsRejectedWithTheFileName() {
        LegacyWriter.write(directory, "orders_current.wal", "VELOZWAL....".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> LegacyLog.open(directory))
                .isInstanceOf(WalVersionException.class)
                .hasMessageContaining("orders_current.wal")
                .hasMessageContaining("a log of veloz-wal itself");
    }

    @Test
    void prefixMustBePartOfAFileName() {
        assertThatThrownBy(() -> LegacyLog.open(directory, ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prefix is \"\", expected a part of a file name");
        assertThatThrownBy(() -> LegacyLog.open(directory, "a/b")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void prefixIsConfigurable() {
        new LegacyWriter().placed("A", 1, 1).writeTo(directory, "fills_0000000000000000.wal");
        assertThat(LegacyLog.open(directory, "fills").replay(LegacyMode.DEFAULT).orders())
                .hasSize(1);
    }

    @Test
    void unknownNamesAndLinksAreReported() throws IOException {
        new LegacyWriter().placed("A", 1, 1).writeTo(directory, FIRST);
        new LegacyWriter().after(1).placed("B", 1, 1).writeTo(directory, "orders_backup.wal");
        LegacyWriter.write(directory, "fills_0000000000000000.wal", new byte[0]);
        LegacyWriter.write(directory, "notes.txt", new byte[0]);
        Files.createSymbolicLink(directory.resolve("orders_0000000000000002.wal"), directory.resolve(FIRST));
        LegacyReplay replay = LegacyLog.open(directory).replay(LegacyMode.DEFAULT);
        assertThat(replay.findings())
                .extracting(LegacyFinding::kind, LegacyFinding::severity, LegacyFinding::file)
                .containsExactly(
                        tuple(Kind.UNKNOWN_FILE, Severity.NOTE, "fills_0000000000000000.wal"),
                        tuple(Kind.SKIPPED_FILE, Severity.DOUBTFUL, "orders_0000000000000002.wal"),
                        tuple(Kind.UNKNOWN_FILE, Severity.NOTE, "orders_backup.wal"));
        assertThat(replay.orders()).hasSize(2);
    }

    @Test
    void replayChangesNothing() throws IOException {
        new LegacyWriter().placed("A", 1, 1).garbage(new byte[9]).writeTo(directory, FIRST);
        byte[] before = Files.readAllBytes(directory.resolve(FIRST));
        LegacyLog log = LegacyLog.open(directory);
        for (LegacyMode mode : LegacyMode.values()) {
            assertThat(log.replay(mode).orders()).isEqualTo(log.replay(mode).orders());
        }
        assertThat(Files.readAllBytes(directory.resolve(FIRST))).isEqualTo(before);
        assertThat(directory.toFile().list()).containsExactly(FIRST);
    }

    @Test
    void numberInTheNameIsHexadecimalInEitherCase() {
        assertThat(LegacyNames.number("orders_00000000000000aF.wal", "orders")).hasValue(0xAF);
        assertThat(LegacyNames.number("orders_0000000000000a.wal", "orders")).isEmpty();
        assertThat(LegacyNames.number("orders_current.wal", "orders")).isEmpty();
        assertThat(LegacyNames.number("orders_.wal", "orders")).isEmpty();
        assertThat(LegacyNames.number("orders_wal", "orders")).isEmpty();
    }

    @Test
    void modesHaveCommandLineNames() {
        assertThat(LegacyMode.values())
                .extracting(LegacyMode::commandLineName)
                .containsExactly("default", "legacy-a", "legacy-b");
    }
}
