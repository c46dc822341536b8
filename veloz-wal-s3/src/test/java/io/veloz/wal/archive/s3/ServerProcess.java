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
 * A server in a child process that never outlives this process: a parent shell reads from a pipe of this process, and kills
 * the server when the pipe is closed, however this process ends.
 */
final class ServerProcess implements AutoCloseable {
    /** The shell ignores Ctrl-C, because it has to outlive this process briefly. */
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
     * @param output file for the output of the server
     * @param scratch directory that is deleted after the server has ended; empty for none
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

    /** Waits until the server responds. */
    void awaitResponse(URI endpoint, long seconds) throws IOException, InterruptedException {
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
                // Another process: its response, or its end, is the only signal.
                if (System.nanoTime() > end || shell.waitFor(20, TimeUnit.MILLISECONDS)) {
                    close();
                    throw new IOException(endpoint + " does not respond:\n" + Files.readString(output), e);
                }
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
