package io.veloz.wal.archive.s3;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server in a process of its own, which never outlives this one: a shell stands over it and reads from us, and what it
 * reads ends when we end, however that happens.
 */
final class ServerProcess implements AutoCloseable {
    /** Ctrl-C in a terminal reaches the shell as well: it has to outlive us for a moment. */
    private static final String WATCH = "trap '' INT HUP TERM; \"$@\" <&- & server=$!; cat >/dev/null; kill -9 $server;"
            + " [ -z \"$SCRATCH\" ] || rm -rf \"$SCRATCH\"";

    private final Process shell;
    private final Path output;

    private ServerProcess(Process shell, Path output) {
        this.shell = shell;
        this.output = output;
    }

    /**
     * Starts Java with these arguments.
     *
     * @param output where the server's words go
     * @param scratch what is removed when the server has ended; empty for nothing
     */
    static ServerProcess start(Path output, String scratch, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("sh", "-c", WATCH, "watch"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(arguments);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("SCRATCH", scratch);
        Process shell = builder.start();
        return new ServerProcess(shell, output);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Waits until the server gives any answer at all. */
    void awaitAnswer(URI endpoint, long seconds) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (true) {
            try {
                HttpURLConnection connection =
                        (HttpURLConnection) endpoint.toURL().openConnection(java.net.Proxy.NO_PROXY);
                connection.setConnectTimeout(1_000);
                connection.setReadTimeout(5_000);
                connection.getResponseCode();
                connection.disconnect();
                return;
            } catch (IOException e) {
                if (System.nanoTime() > end || !shell.isAlive()) {
                    close();
                    throw new IOException(endpoint + " does not answer:\n" + Files.readString(output), e);
                }
                // A port of another process: there is nothing to wait on but its answer.
                Thread.sleep(20);
            }
        }
    }

    @Override
    public void close() throws IOException {
        shell.getOutputStream().close();
        try {
            if (!shell.waitFor(20, TimeUnit.SECONDS)) {
                shell.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
