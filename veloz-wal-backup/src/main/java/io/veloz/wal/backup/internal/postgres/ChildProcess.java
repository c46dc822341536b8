package io.veloz.wal.backup.internal.postgres;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A running client program of PostgreSQL. Its error output is drained and filtered while it runs; a program that runs longer
 * than its limit is ended. Closing ends the program, if it still runs. Ending it also ends what it started: the program may
 * be a script. It belongs to one thread.
 */
final class ChildProcess implements Closeable {
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final int LINE_CHARS = 4_096;

    private final String program;
    private final Process process;
    private final Duration limit;
    private final ErrorText errors = new ErrorText();
    private final Thread errorReader;
    private final ChildOutput out;
    private volatile boolean expired;

    private ChildProcess(String program, Process process, Duration limit) {
        this.program = program;
        this.process = process;
        this.limit = limit;
        this.out = new ChildOutput(program, process);
        this.errorReader = daemon("errors", this::readErrors);
        daemon("limit", this::watch);
    }

    static ChildProcess start(String program, ProcessBuilder builder, Duration limit) throws IOException {
        return new ChildProcess(program, builder.start(), limit);
    }

    private Thread daemon(String job, Runnable run) {
        Thread thread = new Thread(run, "veloz-backup-" + program + "-" + job);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    String program() {
        return program;
    }

    long pid() {
        return process.pid();
    }

    /** Returns the output, of which no read blocks for long after the program has ended. */
    InputStream out() {
        return out;
    }

    OutputStream in() {
        return process.getOutputStream();
    }

    /** Waits until the program has ended, and returns its exit code. Its output must have been read to the end. */
    int waitFor() throws IOException {
        try {
            int code = process.waitFor();
            // A grandchild may keep the pipe open: the exit code is known, so only the message would be shorter.
            errorReader.join(GRACE.toMillis());
            return code;
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private InterruptedIOException interrupted() {
        kill();
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while " + program + " ran; it was ended");
    }

    /** Returns the message of a failure, without the command line. */
    String failure(int code) {
        return program + " failed with exit code " + code
                + (expired ? ": it ran longer than " + limit.toSeconds() + " s and was ended" : "")
                + ": " + errors.text();
    }

    ErrorText errors() {
        return errors;
    }

    private void readErrors() {
        try (Reader reader =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            StringBuilder line = new StringBuilder();
            for (int c = reader.read(); c >= 0; c = reader.read()) {
                if (c == '\n') {
                    errors.add(line.toString());
                    line.setLength(0);
                } else if (line.length() < LINE_CHARS) {
                    line.append((char) c);
                }
            }
            errors.add(line.toString());
        } catch (IOException e) {
            errors.add(program + ": warning: its error output could not be read to the end");
        }
    }

    private void watch() {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                expired = true;
                kill();
            }
        } catch (InterruptedException e) {
            kill();
        }
    }

    private void kill() {
        // Read first: a process whose parent has ended has another parent.
        List<ProcessHandle> started = process.descendants().toList();
        process.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
    }

    /** Ends the program and what it started: by SIGTERM, and after five seconds by SIGKILL. */
    @Override
    public void close() {
        List<ProcessHandle> started = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } finally {
            started.forEach(ProcessHandle::destroyForcibly);
            out.close();
        }
    }
}
