package io.veloz.wal.demo;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** S3Proxy in a separate process, on a free loopback port, with its objects in a directory. Not thread-safe. */
final class S3Server implements AutoCloseable {
    static final String BUCKET = "veloz";
    static final String KEY_ID = "demo";

    private final WatchedProcess server;
    private final Path output;
    private final URI endpoint;
    private final String secret;

    private S3Server(WatchedProcess server, Path output, URI endpoint, String secret) {
        this.server = server;
        this.output = output;
        this.endpoint = endpoint;
        this.secret = secret;
    }

    /**
     * Starts the server without waiting until it is ready.
     *
     * @param directory for its objects, settings and output
     */
    static S3Server start(Path jar, Path directory) throws IOException {
        if (!Files.isRegularFile(jar)) {
            throw new IOException(jar + " is missing; create it with mvn package");
        }
        URI endpoint = URI.create("http://127.0.0.1:" + freePort());
        String secret = UUID.randomUUID().toString();
        Path objects = directory.resolve("objects");
        Files.createDirectories(objects.resolve(BUCKET));
        Path settings = directory.resolve("s3proxy.conf");
        Files.write(
                settings,
                List.of(
                        "s3proxy.endpoint=" + endpoint,
                        "s3proxy.authorization=aws-v2-or-v4",
                        "s3proxy.identity=" + KEY_ID,
                        "s3proxy.credential=" + secret,
                        "jclouds.provider=filesystem",
                        "jclouds.filesystem.basedir=" + objects));
        Path output = directory.resolve("s3proxy.log");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-jar",
                jar.toString(),
                "--properties",
                settings.toString());
        WatchedProcess server = WatchedProcess.start("the S3 server at " + endpoint, "KILL", command, output);
        return new S3Server(server, output, endpoint, secret);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /**
     * Returns when the server responds.
     *
     * @throws IOException if it does not respond within the timeout
     */
    void awaitReady(long seconds) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (true) {
            if (!server.isAlive()) {
                throw new IOException("the S3 server has exited; see its output in " + output);
            }
            try {
                HttpURLConnection connection =
                        (HttpURLConnection) endpoint.toURL().openConnection(Proxy.NO_PROXY);
                connection.setConnectTimeout(1_000);
                connection.setReadTimeout(5_000);
                connection.getResponseCode();
                connection.disconnect();
                return;
            } catch (IOException e) {
                if (System.nanoTime() > end) {
                    throw new IOException("the S3 server does not respond; see its output in " + output, e);
                }
                // The server is another process, so polling is the only way to wait for it.
                server.await(20);
            }
        }
    }

    URI endpoint() {
        return endpoint;
    }

    String secret() {
        return secret;
    }

    /** Stops the server, and returns when it has exited. */
    @Override
    public void close() throws IOException {
        server.close();
    }
}
