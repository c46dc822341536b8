package io.veloz.wal.bench;

import io.veloz.wal.archive.s3.S3Credentials;
import io.veloz.wal.archive.s3.S3Settings;
import io.veloz.wal.archive.s3.S3Store;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** An S3 server in a separate process on this machine, which uses the same disk as the log. Not thread-safe. */
public final class S3Proxy implements AutoCloseable {
    private static final S3Credentials KEY = new S3Credentials("bench", "bench", null);
    private static final long START_SECONDS = 60;

    private final Process process;
    private final Thread orphan;
    private final URI endpoint;

    private S3Proxy(Process process, URI endpoint) {
        this.process = process;
        this.endpoint = endpoint;
        this.orphan = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(orphan);
    }

    /** Starts the server, and returns when it responds. */
    public static S3Proxy start(Path jar, Path directory) throws IOException, InterruptedException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        URI endpoint = URI.create("http://127.0.0.1:" + port);
        Files.createDirectories(directory.resolve("objects/bench"));
        Path settings = directory.resolve("s3proxy.conf");
        Files.write(
                settings,
                List.of(
                        "s3proxy.endpoint=" + endpoint,
                        "s3proxy.authorization=aws-v2-or-v4",
                        "s3proxy.identity=" + KEY.accessKeyId(),
                        "s3proxy.credential=" + KEY.secretAccessKey(),
                        "jclouds.provider=filesystem",
                        "jclouds.filesystem.basedir=" + directory.resolve("objects")));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-jar",
                        jar.toString(),
                        "--properties",
                        settings.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("s3proxy.log").toFile())
                .start();
        S3Proxy proxy = new S3Proxy(process, endpoint);
        proxy.awaitReady();
        return proxy;
    }

    private void awaitReady() throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (true) {
            try {
                HttpURLConnection connection =
                        (HttpURLConnection) endpoint.toURL().openConnection(java.net.Proxy.NO_PROXY);
                connection.setConnectTimeout(1_000);
                connection.setReadTimeout(5_000);
                connection.getResponseCode();
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    close();
                    throw e;
                }
                // The server is another process, so polling is the only way to wait for it.
                process.waitFor(50, TimeUnit.MILLISECONDS);
            }
        }
    }

    URI endpoint() {
        return endpoint;
    }

    public ObjectStore open(String prefix) {
        return open(prefix, endpoint);
    }

    /** Opens a prefix through a relay. */
    ObjectStore open(String prefix, URI through) {
        return new S3Store(
                URI.create("s3://bench/" + prefix),
                S3Settings.builder()
                        .endpoint(through.toString())
                        .region("us-east-1")
                        .credentials(() -> KEY)
                        .build());
    }

    /** Returns the settings for a URI of this server. The key is passed to the SDK as properties of the system. */
    Map<String, String> settings(URI through) {
        System.setProperty("aws.accessKeyId", KEY.accessKeyId());
        System.setProperty("aws.secretAccessKey", KEY.secretAccessKey());
        return Map.of("endpoint", through.toString(), "region", "us-east-1");
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        Runtime.getRuntime().removeShutdownHook(orphan);
    }
}
