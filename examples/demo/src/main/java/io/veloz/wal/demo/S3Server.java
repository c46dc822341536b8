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

/**
 * S3Proxy in a process of its own, on a free port that only this machine reaches, with its objects in a directory. For one
 * thread.
 *
 * <p>It never outlives the demo: a shell stands over it that reads from us, and what it reads ends when we end, however
 * that happens. The shell is deaf to Ctrl-C, or it would be gone before it could act; it ends with the server.
 */
final class S3Server implements AutoCloseable {
    static final String BUCKET = "veloz";
    static final String KEY_ID = "demo";
    private static final String WATCH = "trap '' INT HUP TERM; exec 3<&0; \"$@\" </dev/null 3<&- & server=$!;"
            + " { cat <&3 >/dev/null; kill -9 $server; } & wait $server";

    private final Process shell;
    private final Path output;
    private final URI endpoint;
    private final String secret;

    private S3Server(Process shell, Path output, URI endpoint, String secret) {
        this.shell = shell;
        this.output = output;
        this.endpoint = endpoint;
        this.secret = secret;
    }

    /**
     * Starts it, and does not wait until it answers.
     *
     * @param directory for its objects and settings, and for what it says
     */
    static S3Server start(Path jar, Path directory) throws IOException {
        if (!Files.isRegularFile(jar)) {
            throw new IOException(jar + " is not there; mvn package puts it there");
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
        Process shell = new ProcessBuilder(
                        "sh",
                        "-c",
                        WATCH,
                        "watch",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx256m",
                        "-jar",
                        jar.toString(),
                        "--properties",
                        settings.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new S3Server(shell, output, endpoint, secret);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /**
     * Returns when it answers.
     *
     * @throws IOException if it does not, for so long
     */
    void awaitAnswer(long seconds) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (true) {
            if (!shell.isAlive()) {
                throw new IOException("the S3 server has ended; what it said is in " + output);
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
                    throw new IOException("the S3 server does not answer; what it said is in " + output, e);
                }
                // A port of another process: there is nothing to wait on but its answer.
                shell.waitFor(20, TimeUnit.MILLISECONDS);
            }
        }
    }

    URI endpoint() {
        return endpoint;
    }

    String secret() {
        return secret;
    }

    /** Ends it, and returns when it has ended. */
    @Override
    public void close() throws IOException {
        shell.getOutputStream().close();
        try {
            if (!shell.waitFor(20, TimeUnit.SECONDS)) {
                throw new IOException("the S3 server at " + endpoint + " did not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
