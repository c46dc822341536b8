package io.veloz.wal.bench.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A log in a store that has one writer and transactions, in the way of an application that needs a fast one: one transaction for
 * all records that wait. A waiting appender commits for all, so that a single appender pays no change of threads; a thread commits
 * the records that no appender waits for.
 */
public final class GroupCommit implements MeasuredLog {
    private static final int BUFFER_BYTES = 1024 * 1024;

    /** A store that is called by one thread at a time. */
    public interface Store {
        /** Adds a record to the open transaction. */
        void put(byte[] record) throws Exception;

        /** Makes the open transaction durable, and opens the next one. */
        void commit() throws Exception;

        void close() throws Exception;
    }

    private final Store store;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition progress = lock.newCondition();
    private final Condition unattendedOrClosing = lock.newCondition();
    private final Thread thread = new Thread(this::commitUnattended, "group-commit");

    // Guarded by lock; what is being committed belongs to the thread that commits.
    private List<byte[]> filling = new ArrayList<>();
    private List<byte[]> committing = new ArrayList<>();
    private List<Runnable> callbacks = new ArrayList<>();
    private List<Runnable> running = new ArrayList<>();
    private int fillingBytes;
    private boolean unattended;
    private boolean led;
    private long appended;
    private long durable;
    private boolean closing;
    private @Nullable Throwable failure;

    public GroupCommit(Store store) {
        this.store = store;
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void append(ByteBuffer record) throws Exception {
        lock.lock();
        try {
            long sequence = put(record);
            while (durable < sequence) {
                leadOrWait();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void appendAsync(ByteBuffer record, Runnable callback) throws Exception {
        lock.lock();
        try {
            put(record);
            callbacks.add(callback);
            leaveToThread();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void appendBuffered(ByteBuffer record) throws Exception {
        lock.lock();
        try {
            put(record);
            leaveToThread();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void sync() throws Exception {
        lock.lock();
        try {
            long last = appended;
            while (durable < last) {
                leadOrWait();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            closing = true;
            unattendedOrClosing.signal();
        } finally {
            lock.unlock();
        }
        try {
            thread.join();
            store.close();
        } catch (Exception e) {
            throw new IOException("the store cannot be closed", e);
        }
    }

    /** Copies a record; waits for a commit if the buffer is full. The lock is held. */
    private long put(ByteBuffer record) throws Exception {
        while (fillingBytes >= BUFFER_BYTES) {
            leadOrWait();
        }
        byte[] copy = new byte[record.limit()];
        record.get(0, copy);
        filling.add(copy);
        fillingBytes += copy.length;
        return ++appended;
    }

    private void leaveToThread() {
        if (!unattended) {
            unattended = true;
            unattendedOrClosing.signal();
        }
    }

    private void commitUnattended() {
        lock.lock();
        try {
            while (unattended || !closing) {
                if (unattended) {
                    leadOrWait();
                } else {
                    unattendedOrClosing.await();
                }
            }
        } catch (Exception e) {
            fail(e);
        } finally {
            lock.unlock();
        }
    }

    /** Commits everything that waits, or waits for the thread that is doing so. The lock is held. */
    @SuppressWarnings("WaitNotInLoop") // the callers loop
    private void leadOrWait() throws Exception {
        if (failure != null) {
            throw new IOException("commit failed", failure);
        }
        if (led) {
            progress.await();
            return;
        }
        List<byte[]> records = filling;
        filling = committing;
        committing = records;
        List<Runnable> actions = callbacks;
        callbacks = running;
        running = actions;
        fillingBytes = 0;
        unattended = false;
        long last = appended;
        led = true;
        lock.unlock();
        Throwable failed = null;
        try {
            commit(records, actions);
        } catch (Exception | Error e) {
            failed = e;
        }
        lock.lock();
        led = false;
        if (failed != null) {
            fail(failed);
            throw new IOException("commit failed", failed);
        }
        durable = last;
        progress.signalAll();
    }

    private void commit(List<byte[]> records, List<Runnable> actions) throws Exception {
        for (int i = 0; i < records.size(); i++) {
            store.put(records.get(i));
        }
        store.commit();
        records.clear();
        for (int i = 0; i < actions.size(); i++) {
            actions.get(i).run();
        }
        actions.clear();
    }

    private void fail(Throwable t) {
        if (failure == null) {
            failure = t;
        }
        progress.signalAll();
    }
}
