package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.VaultClient.Patience;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Settings and content for the tests of Vault. */
final class VaultSamples {
    /** Must never appear in an exception, a log or a file that a test did not write. */
    static final String MARKER = "MARKER-7f3a-SECRET";

    static final Patience ONCE = new Patience(1, Duration.ofMillis(1), Duration.ofSeconds(20));
    static final Patience THREE_TIMES = new Patience(3, Duration.ofMillis(1), Duration.ofSeconds(20));

    private VaultSamples() {}

    static VaultSettings settings(URI address, Path directory, int version, String... paths) throws IOException {
        return new VaultSettings(
                address,
                tokenFile(directory, VaultServer.TOKEN + "\n"),
                Optional.empty(),
                Optional.empty(),
                List.of(paths),
                version);
    }

    static Path tokenFile(Path directory, String content) throws IOException {
        Path file = directory.resolve("token");
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, content);
    }

    /** Fills a server with one secret of each state, odd paths, nested values and a history that lost its beginning. */
    static void fill(VaultServer server) throws IOException {
        server.mount("secret", 2).mount("old", 1);
        put(
                server,
                "secret/data/veloz/api",
                "{\"password\":\"" + MARKER + "\",\"big\":123456789012345678901234567890}");
        put(server, "secret/data/veloz/api", "{\"password\":\"second\",\"double\":1.10,\"small\":-1e-7}");
        put(server, "secret/data/veloz/api", "{\"password\":\"third\",\"nested\":{\"a\":[1,{\"b\":null},true,\"ü\"]}}");
        put(server, "secret/data/veloz/api", "{\"password\":\"fourth\"}");
        server.send("POST", "secret/destroy/veloz/api", "{\"versions\":[2]}");
        server.send("POST", "secret/delete/veloz/api", "{\"versions\":[3]}");
        server.send(
                "POST",
                "secret/metadata/veloz/api",
                "{\"max_versions\":7,\"cas_required\":true,\"delete_version_after\":\"3h25m19s\","
                        + "\"custom_metadata\":{\"owner\":\"desk\"}}");
        put(server, "secret/data/veloz/api/below", "{\"x\":\"1\"}");
        for (String odd :
                List.of("with blank", "per%cent%41", "plus+", "quest?ion", "ha#sh", "größe €", "semi;co:l@n=&")) {
            put(server, "secret/data/veloz/odd/" + odd, "{\"name\":\"" + odd + "\"}");
        }
        server.defaultMaxVersions(2);
        for (int i = 1; i <= 5; i++) {
            put(server, "secret/data/veloz/rotated", "{\"n\":" + i + "}");
        }
        server.defaultMaxVersions(10);
        put(server, "secret/data/veloz/gone", "{\"x\":\"2\"}");
        server.send("POST", "secret/delete/veloz/gone", "{\"versions\":[1]}");
        server.send("POST", "secret/metadata/veloz/planned", "{\"max_versions\":3}");
        server.send("POST", "old/team/key", "{\"k\":1.50,\"ttl\":\"1h\"}");
        server.send("POST", "old/team/key/below", "{\"k\":\"v\"}");
        put(server, "secret/data/other/not-exported", "{\"x\":\"3\"}");
        server.recover();
    }

    static void put(VaultServer server, String path, String data) throws IOException {
        server.send("POST", path, "{\"data\":" + data + "}");
    }

    static VaultServer emptyServer() throws IOException {
        return VaultServer.start().mount("secret", 2).mount("old", 1);
    }

    static byte[] export(VaultSettings settings) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new VaultExport(settings, ONCE).writeTo(out);
        return out.toByteArray();
    }

    static InputStream in(byte[] export) {
        return new ByteArrayInputStream(export);
    }

    static InputStream in(String export) {
        return in(export.getBytes(StandardCharsets.UTF_8));
    }
}
