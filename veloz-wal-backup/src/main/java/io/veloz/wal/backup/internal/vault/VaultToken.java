package io.veloz.wal.backup.internal.vault;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;

/** Reads the token's file. */
final class VaultToken {
    private static final int MAX_BYTES = 8 * 1024;

    private VaultToken() {}

    /**
     * Reads the token without the white space around it.
     *
     * @throws VaultException DENIED if the file cannot be read, is accessible to others, or does not contain one token
     */
    static String read(Path file) {
        byte[] bytes = {};
        try {
            for (PosixFilePermission permission : Files.getPosixFilePermissions(file)) {
                if (!permission.name().startsWith("OWNER")) {
                    throw denied(file, "is accessible to others than its owner; expected mode 0600");
                }
            }
            try (InputStream in = Files.newInputStream(file)) {
                bytes = in.readNBytes(MAX_BYTES + 1);
            }
            String token = new String(bytes, StandardCharsets.ISO_8859_1).strip();
            // A control character or a blank would be refused by the HTTP client, in a message that quotes the token.
            if (bytes.length > MAX_BYTES || !token.matches("[!-~]+")) {
                throw denied(file, "does not contain one token of printable ASCII characters");
            }
            return token;
        } catch (IOException e) {
            throw denied(file, "cannot be read: " + e.getClass().getSimpleName());
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private static VaultException denied(Path file, String problem) {
        return new VaultException(VaultException.Reason.DENIED, "Vault token file " + file + " " + problem);
    }
}
