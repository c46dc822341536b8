package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncryptedArchiveTest {
    @TempDir
    Path scratch;

    private Path log;
    private Path keys;
    private Path message;
    private String archive;

    @BeforeEach
    void make() throws IOException {
        log = scratch.resolve("log");
        append(10);
        keys = scratch.resolve("keys");
        Files.writeString(keys, "2026-07=" + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-------"));
        message = scratch.resolve("2026-07.pgp");
        // The beginning of a message that is encrypted to a public key.
        Files.write(message, new byte[] {(byte) 0x85, 1});
        archive = scratch.resolve("archive").toUri().toString();
    }

    private void append(int records) {
        try (Wal wal = Wal.open(WalConfig.builder(log).build())) {
            for (int i = 0; i < records; i++) {
                wal.append(1, ByteBuffer.wrap(new byte[100]));
            }
            wal.sync();
        }
    }

    private ToolRun ship(Object... more) {
        Object[] line = new Object[4 + more.length];
        System.arraycopy(new Object[] {"ship", "--once", log, archive}, 0, line, 0, 4);
        System.arraycopy(more, 0, line, 4, more.length);
        return ToolRun.of(line);
    }

    private void escrow() {
        ToolRun.of("keys", archive, "--escrow", "2026-07", "--message", message).exits(ExitCode.OK);
    }

    @Test
    void archiveIsShippedAndRestoredWithItsKeysOnly() {
        ship().exits(ExitCode.OK);
        ship("--keys", keys).exits(ExitCode.REFUSED);
        escrow();
        append(10);
        ship("--keys", keys).exits(ExitCode.OK);
        Path target = scratch.resolve("restored");
        assertThat(ToolRun.of("restore", archive, target)
                        .exits(ExitCode.REFUSED)
                        .err())
                .contains("encrypted by the key \"2026-07\"", "VELOZ_WAL_KEYS");
        assertThat(target).doesNotExist();
        ToolRun.of("restore", archive, target, "--keys", keys).exits(ExitCode.OK);
        assertThat(ToolRun.of("verify", target).exits(ExitCode.OK).out()).contains("1 to 20");
        ToolRun.of("verify", archive).exits(ExitCode.OK);
        ToolRun.of("verify", archive, "--full").exits(ExitCode.REFUSED);
        ToolRun.of("verify", archive, "--full", "--keys", keys).exits(ExitCode.OK);
        assertThat(ToolRun.of("dump", archive, "--keys", keys)
                        .exits(ExitCode.OK)
                        .lines())
                .hasSizeGreaterThanOrEqualTo(20);
    }

    @Test
    void encryptedArchiveIsNotContinuedInTheClear() {
        ship().exits(ExitCode.OK);
        escrow();
        append(1);
        ship("--keys", keys).exits(ExitCode.OK);
        append(1);
        assertThat(ship().exits(ExitCode.REFUSED).err()).contains("2026-07", "VELOZ_WAL_KEYS");
    }

    @Test
    void keysAreListedAndOneWithoutACopyIsAWarning() {
        ship().exits(ExitCode.OK);
        assertThat(ToolRun.of("keys", archive).exits(ExitCode.OK).out()).contains("none: the archive is not encrypted");
        append(5);
        ship("--keys", keys, "--no-escrow").exits(ExitCode.OK);
        assertThat(ToolRun.of("keys", archive).exits(ExitCode.WARNING).out())
                .contains("key         2026-07: records ", "; not configured here; NO COPY in the archive");
        escrow();
        var json = ToolRun.of("keys", archive, "--keys", keys, "--json")
                .exits(ExitCode.OK)
                .json();
        assertThat(json.at("/keys/0/id").asText()).isEqualTo("2026-07");
        assertThat(json.at("/keys/0/escrowed").asBoolean()).isTrue();
        assertThat(json.at("/keys/0/configured").asBoolean()).isTrue();
        assertThat(json.at("/keys/0/last_sequence").asLong()).isEqualTo(15);
    }

    @Test
    void copyOfAKeyIsNotReplaced() {
        ship().exits(ExitCode.OK);
        escrow();
        ToolRun.of("keys", archive, "--escrow", "2026-07", "--message", message)
                .isRefusedWith("has a copy of the key \"2026-07\" already");
    }

    @Test
    void keyInTheClearIsNotStored() {
        ship().exits(ExitCode.OK);
        ToolRun run = ToolRun.of("keys", archive, "--escrow", "2026-07", "--message", keys)
                .exits(ExitCode.USAGE);
        assertThat(run.err()).contains("expected an OpenPGP message").doesNotContain("AAAA");
    }

    @Test
    void keysThatOthersCanReadAreRefused() throws IOException {
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(ship("--keys", keys).exits(ExitCode.USAGE).err()).contains("chmod 600");
    }
}
