package io.veloz.wal.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server in a separate process. Not thread-safe.
 *
 * <p>It never outlives the demo: a parent shell reads from a pipe that is closed when the demo ends for any reason, and then
 * kills the server. The shell ignores Ctrl-C, so that it can do this, and exits with the server.
 */
final class WatchedProcess implements AutoCloseable {
    private static final String WATCH = "trap '' INT HUP TERM; signal=$1; shift; exec 3<&0;"
            + " \"$@\" </dev/null 3<&- & server=$!;"
            + " { cat <&3 >/dev/null; kill -$signal $server; } & wait $server";

    private final Process shell;
    private final String name;

    private WatchedProcess(Process shell, String name) {
        this.shell = shell;
        this.name = name;
    }

    /**
     * Starts a server without waiting until it is ready.
     *
     * @param signal that ends it: KILL, QUIT
     * @param output file for its output
     */
    static WatchedProcess start(String name, String signal, List<String> command, Path output) throws IOException {
        List<String> watched = new ArrayList<>(List.of("sh", "-c", WATCH, "watch", signal));
        watched.addAll(command);
        Process shell = new ProcessBuilder(watched)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new WatchedProcess(shell, name);
    }

    boolean isAlive() {
        return shell.isAlive();
    }

    /** Waits for a time, or until the server has exited. */
    void await(long millis) throws InterruptedException {
        shell.waitFor(millis, TimeUnit.MILLISECONDS);
    }

    /** Ends the server, and returns when it has exited. */
    @Override
    public void close() throws IOException {
        shell.getOutputStream().close();
        try {
            if (!shell.waitFor(20, TimeUnit.SECONDS)) {
                throw new IOException(name + " did not exit");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
