package io.veloz.wal.bench.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs child processes, one at a time. Each of them ends: by itself, at its timeout, or when this is closed. Its own children
 * are killed with it.
 */
public final class Children implements AutoCloseable {
    private static final Duration GRACE = Duration.ofSeconds(3);
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(5);

    // Guarded by this.
    private @Nullable Process running;
    private boolean closed;

    /**
     * Runs a command and returns when it has ended.
     *
     * @throws CancellationException if this was closed, before or meanwhile
     */
    public Outcome run(List<String> command, Duration timeout) throws IOException, InterruptedException {
        Process process = start(command);
        try {
            Tail stdout = Tail.of(process.getInputStream(), "stdout");
            Tail stderr = Tail.of(process.getErrorStream(), "stderr");
            boolean ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
            kill(process);
            int exitCode = process.waitFor();
            Outcome outcome = new Outcome(exitCode, !ended, timeout, stdout.await(), stderr.await());
            throwIfClosed();
            return outcome;
        } finally {
            kill(process);
            remove();
        }
    }

    private synchronized Process start(List<String> command) throws IOException {
        throwIfClosed();
        Process process = new ProcessBuilder(command).start();
        running = process;
        process.getOutputStream().close();
        return process;
    }

    private synchronized void remove() {
        running = null;
    }

    private synchronized void throwIfClosed() {
        if (closed) {
            throw new CancellationException("the program ends");
        }
    }

    /** Ends a process: by a signal after which it can delete its files, then by force. Its children end by force. */
    private static void kill(Process process) {
        if (!process.isAlive()) {
            return;
        }
        // The list first: the children of a process that has ended belong to another one.
        List<ProcessHandle> descendants = process.descendants().toList();
        process.destroy();
        try {
            process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        descendants.forEach(ProcessHandle::destroyForcibly);
    }

    /** Kills the running process. No other one can start afterwards. */
    @Override
    public void close() {
        Process process;
        synchronized (this) {
            closed = true;
            process = running;
        }
        if (process != null) {
            kill(process);
        }
    }

    /** The last part of what a process writes to a stream. */
    private static final class Tail {
        private static final int KEPT_BYTES = 64 * 1024;

        private final InputStream in;
        private final Thread thread;

        // Guarded by this: a ring of the last bytes.
        private final byte[] ring = new byte[KEPT_BYTES];
        private long count;

        private Tail(InputStream in, String name) {
            this.in = in;
            this.thread = new Thread(this::readAll, name);
            thread.setDaemon(true);
        }

        static Tail of(InputStream in, String name) {
            Tail tail = new Tail(in, name);
            tail.thread.start();
            return tail;
        }

        private void readAll() {
            byte[] chunk = new byte[8 * 1024];
            try (in) {
                for (int got = in.read(chunk); got >= 0; got = in.read(chunk)) {
                    keep(chunk, got);
                }
            } catch (IOException e) {
                keepMessage("output lost: " + e.getMessage());
            }
        }

        private void keepMessage(String message) {
            byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
            keep(bytes, bytes.length);
        }

        private synchronized void keep(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                ring[(int) (count++ % KEPT_BYTES)] = bytes[i];
            }
        }

        /** Returns the text when the stream has ended, or what there is if a stray process keeps it open. */
        String await() throws InterruptedException {
            thread.join(DRAIN_TIMEOUT.toMillis());
            return text();
        }

        private synchronized String text() {
            int length = (int) Math.min(count, KEPT_BYTES);
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = ring[(int) ((count - length + i) % KEPT_BYTES)];
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
