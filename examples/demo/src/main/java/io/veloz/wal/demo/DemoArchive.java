package io.veloz.wal.demo;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The archive of the demo: a local S3 server or, if it cannot be started, a directory. Not thread-safe.
 *
 * <p>Only this process and its writers know the address and the key of the server.
 */
final class DemoArchive implements AutoCloseable {
    private static final String REGION = "us-east-1";
    private static final long START_SECONDS = 60;

    private final Path directory;
    private @Nullable S3Server server;
    private String note;

    private DemoArchive(Path directory, @Nullable S3Server server, String note) {
        this.directory = directory;
        this.server = server;
        this.note = note;
    }

    /** Starts the server without waiting for it; see {@link #awaitReady}. */
    static DemoArchive start(Path directory, Path serverJar) throws IOException {
        Files.createDirectories(directory);
        try {
            return new DemoArchive(directory, S3Server.start(serverJar, directory), "");
        } catch (IOException e) {
            return new DemoArchive(directory, null, String.valueOf(e.getMessage()));
        }
    }

    /** Returns the path of the server's jar, next to the jar or the classes of the demo. */
    static Path serverJar() {
        try {
            return Path.of(DemoArchive.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .resolveSibling("s3proxy.jar");
        } catch (URISyntaxException e) {
            throw new IllegalStateException("cannot locate the demo's jar", e);
        }
    }

    /** Returns when the archive can be used. */
    void awaitReady() throws IOException, InterruptedException {
        S3Server started = server;
        if (started == null) {
            return;
        }
        try {
            started.awaitReady(START_SECONDS);
            System.setProperty("aws.accessKeyId", S3Server.KEY_ID);
            System.setProperty("aws.secretAccessKey", started.secret());
        } catch (IOException e) {
            server = null;
            note = String.valueOf(e.getMessage());
            started.close();
        }
    }

    String uri() {
        return server == null ? directory.resolve("objects").toUri().toString() : "s3://" + S3Server.BUCKET + "/orders";
    }

    /** Returns a description for the output. */
    String describe() {
        return server == null
                ? uri() + " (no S3 server: " + note + ")"
                : uri() + ", a local S3 server (S3Proxy) at " + server.endpoint();
    }

    /** Opens the store in this process. */
    ObjectStore openStore() {
        return ObjectStores.open(uri(), settings());
    }

    RestoreOptions restoreInto(Path target) {
        RestoreOptions options = RestoreOptions.into(target);
        for (Map.Entry<String, String> setting : settings().entrySet()) {
            options = options.storeSetting(setting.getKey(), setting.getValue());
        }
        return options;
    }

    private Map<String, String> settings() {
        S3Server started = server;
        return started == null
                ? Map.of()
                : Map.of("endpoint", started.endpoint().toString(), "region", REGION);
    }

    /** Returns the AWS environment variables for another process. */
    Map<String, String> environment() {
        S3Server started = server;
        return started == null
                ? Map.of()
                : Map.of(
                        "AWS_ENDPOINT_URL_S3",
                        started.endpoint().toString(),
                        "AWS_REGION",
                        REGION,
                        "AWS_ACCESS_KEY_ID",
                        S3Server.KEY_ID,
                        "AWS_SECRET_ACCESS_KEY",
                        started.secret());
    }

    @Override
    public void close() throws IOException {
        if (server != null) {
            server.close();
        }
    }
}
