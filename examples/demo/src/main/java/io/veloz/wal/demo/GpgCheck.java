package io.veloz.wal.demo;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Reads the secrets of a backup with gpg, without code of this project. Not thread-safe. */
final class GpgCheck {
    private static final String SECRETS = "attachments/secrets_";
    private static final long TIMEOUT_SECONDS = 60;
    private static final int MAX_BYTES = 1 << 20;

    private final Path gpg;
    private final Path directory;

    /** @param directory of the site; the keyring is in it for the time of the check */
    GpgCheck(Path gpg, Path directory) {
        this.gpg = gpg;
        this.directory = directory;
    }

    /** Returns the problems; empty if gpg decrypts the only backup of the secrets, and it contains a text. */
    List<String> problems(ObjectStore store, DemoKeys keys, String expected) throws IOException, InterruptedException {
        Path ring = Files.createDirectory(
                directory.resolve("gpg"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path message = directory.resolve("secrets.tar.gpg");
        try {
            join(store, message);
            Path errors = directory.resolve("gpg.txt");
            run(ring, errors, "--import", keys.offlineKey().toString());
            run(ring, errors, "--import", keys.signer().toString());
            String plain = run(ring, errors, "--decrypt", message.toString());
            return plain.contains(expected)
                    ? List.of()
                    : List.of("gpg decrypted " + plain.length() + " bytes, which do not contain the key of the venue");
        } catch (IOException e) {
            return List.of(String.valueOf(e.getMessage()));
        } finally {
            // gpg starts an agent, which would wait until its directory is deleted.
            new ProcessBuilder(gpg.resolveSibling("gpgconf").toString(), "--homedir", ring.toString(), "--kill", "all")
                    .start()
                    .waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            DemoSite.delete(ring);
            Files.deleteIfExists(message);
        }
    }

    /** The chunks of a message, one after the other, are the message. */
    private static void join(ObjectStore store, Path message) throws IOException {
        try (OutputStream out = Files.newOutputStream(message)) {
            for (StoredObject chunk : store.list(SECRETS, "")) {
                try (InputStream in = store.get(chunk.key())) {
                    in.transferTo(out);
                }
            }
        }
    }

    private String run(Path ring, Path errors, String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(gpg.toString(), "--homedir", ring.toString(), "--batch", "--quiet"));
        command.addAll(List.of(arguments));
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        try {
            process.getOutputStream().close();
            byte[] output = process.getInputStream().readNBytes(MAX_BYTES);
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("gpg " + arguments[0] + " failed: "
                        + Files.readString(errors).strip());
            }
            return new String(output, StandardCharsets.ISO_8859_1);
        } finally {
            process.destroyForcibly();
        }
    }
}
