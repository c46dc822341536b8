package io.veloz.wal.backup.internal.profile;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The key-value secrets of Vault in a profile.
 *
 * @param address of the server: {@code https://…}; {@code http} only to the loopback interface
 * @param tokenFile contains the token, mode 0600
 * @param certificates PEM file of the authorities that the server's certificate is checked against; empty for those of the JVM
 * @param paths mounts and paths below them to export with everything below: {@code secret/veloz}
 * @param version 1 or 2 for all mounts; 0 to read it from the server
 */
public record VaultSettings(
        URI address,
        Path tokenFile,
        Optional<Path> certificates,
        Optional<String> namespace,
        List<String> paths,
        int version) {
    static final List<String> KEYS = List.of(
            "vault.address",
            "vault.token-file",
            "vault.certificates",
            "vault.namespace",
            "vault.paths",
            "vault.kv-version");

    static Optional<VaultSettings> read(ProfileFile file) {
        if (!file.hasSection("vault.", "vault.address")) {
            return Optional.empty();
        }
        file.required("vault.paths");
        return Optional.of(new VaultSettings(
                file.httpUri("vault.address"),
                file.path("vault.token-file"),
                file.optionalPath("vault.certificates"),
                file.text("vault.namespace"),
                file.list("vault.paths"),
                file.integer("vault.kv-version", 0, 0, 2)));
    }
}
