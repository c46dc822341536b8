package io.veloz.wal.backup.internal.drill;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends what a drill runs and removes its directory, also if a signal ends the JVM. Then a hook ends server and engine,
 * interrupts the drill's thread, and lets it remove the directory. Thread-safe.
 *
 * <p>SIGKILL leaves the directory, and what ran in it.
 */
public final class DrillGuard implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(DrillGuard.class);
    private static final Duration REMOVAL = Duration.ofSeconds(20);

    private final DrillDirectory directory;
    private final Thread drill = Thread.currentThread();
    private final Thread hook = new Thread(this::onShutdown, "veloz-backup-drill-end");
    private final CountDownLatch removed = new CountDownLatch(1);
    private final Deque<Closeable> running = new ArrayDeque<>();
    private boolean ended;

    private DrillGuard(DrillDirectory directory) {
        this.directory = directory;
    }

    /** Guards the drill that the calling thread runs in a directory. */
    public static DrillGuard of(DrillDirectory directory) {
        DrillGuard guard = new DrillGuard(directory);
        Runtime.getRuntime().addShutdownHook(guard.hook);
        return guard;
    }

    public DrillDirectory directory() {
        return directory;
    }

    /**
     * Adds something to end.
     *
     * @throws IOException if the drill is being ended; it is closed then
     */
    void add(Closeable closeable) throws IOException {
        synchronized (this) {
            if (!ended) {
                running.push(closeable);
                return;
            }
        }
        closeable.close();
        throw new IOException("the drill was ended by a signal");
    }

    synchronized void remove(Closeable closeable) {
        running.remove(closeable);
    }

    /** Returns whether the drill is to end early: by a signal, or by an interrupt of its thread. */
    public synchronized boolean isEnded() {
        return ended || drill.isInterrupted();
    }

    private void onShutdown() {
        end();
        drill.interrupt();
        try {
            if (!removed.await(REMOVAL.toSeconds(), TimeUnit.SECONDS)) {
                directory.close();
            }
        } catch (InterruptedException | IOException e) {
            LOG.warn("{} could not be removed: it has decrypted files", directory.path(), e);
        }
    }

    private void end() {
        Deque<Closeable> rest;
        synchronized (this) {
            ended = true;
            rest = new ArrayDeque<>(running);
        }
        for (Closeable closeable : rest) {
            try {
                closeable.close();
            } catch (IOException e) {
                LOG.warn("a part of the drill could not be ended", e);
            }
        }
    }

    /** Removes the directory, and the hook. */
    @Override
    public void close() throws IOException {
        try {
            directory.close();
        } finally {
            removed.countDown();
            removeHook();
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM ends, and the hook runs.
            return;
        }
    }
}
