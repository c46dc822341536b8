package io.veloz.wal.backup.internal.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The output of a process. A read blocks while the process runs. If a process that it started keeps the pipe open after its
 * end, a read fails after five seconds: the output may lack its end, so it must not look complete. If no read is
 * under way when the process ends, the JDK reads what the pipe has and reports the end, so callers also check exit code and content. It belongs to
 * one thread.
 *
 * <p>A thread reads the pipe: a read of a pipe cannot be interrupted. The thread may outlive the reader, up to the end of the
 * process that keeps the pipe open.
 */
final class ChildOutput extends InputStream {
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final int CHUNK_BYTES = 1 << 14;

    /** Bytes of the output; none at its end. */
    private static final class Chunk {
        final byte[] bytes;
        final @Nullable IOException failure;

        Chunk(byte[] bytes, @Nullable IOException failure) {
            this.bytes = bytes;
            this.failure = failure;
        }
    }

    private final String program;
    private final Process process;
    private final BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(2);
    private final Thread reader;
    private byte[] current = new byte[0];
    private int position;
    private boolean ended;

    ChildOutput(String program, Process process) {
        this.program = program;
        this.process = process;
        this.reader = new Thread(this::readPipe, "veloz-backup-" + program + "-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void readPipe() {
        byte[] buffer = new byte[CHUNK_BYTES];
        try (InputStream pipe = process.getInputStream()) {
            for (int count = pipe.read(buffer); count >= 0; count = pipe.read(buffer)) {
                chunks.put(new Chunk(Arrays.copyOf(buffer, count), null));
            }
            chunks.put(new Chunk(new byte[0], null));
        } catch (IOException e) {
            // There is room after the reader takes a chunk; a reader that is closed takes none.
            fail(e);
        } catch (InterruptedException e) {
            // Closed: no more output is wanted.
            chunks.clear();
        }
    }

    private void fail(IOException failure) {
        try {
            chunks.put(new Chunk(new byte[0], failure));
        } catch (InterruptedException e) {
            chunks.clear();
        }
    }

    @Override
    public int read() throws IOException {
        return fill() ? current[position++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, current.length - position);
        System.arraycopy(current, position, target, from, count);
        position += count;
        return count;
    }

    /** Returns whether there are bytes to read. */
    private boolean fill() throws IOException {
        if (!ended && position == current.length) {
            Chunk chunk = take();
            if (chunk.failure != null) {
                throw new IOException("the output of " + program + " could not be read to its end", chunk.failure);
            }
            current = chunk.bytes;
            position = 0;
            ended = current.length == 0;
        }
        return !ended;
    }

    private Chunk take() throws IOException {
        try {
            while (true) {
                // Read before the wait: the whole wait is then after the end of the process.
                boolean runs = process.isAlive();
                Chunk chunk = chunks.poll(GRACE.toMillis(), TimeUnit.MILLISECONDS);
                if (chunk != null) {
                    return chunk;
                }
                if (!runs) {
                    throw new IOException(
                            program + " has ended, and a process that it started keeps its output open: the"
                                    + " output may lack its end");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + program + " ran");
        }
    }

    @Override
    public void close() {
        reader.interrupt();
        chunks.clear();
    }
}
