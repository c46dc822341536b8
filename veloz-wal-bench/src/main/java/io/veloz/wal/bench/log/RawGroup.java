package io.veloz.wal.bench.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A group commit of the fewest lines: appenders fill one buffer while a thread writes and forces the other one. */
public final class RawGroup implements LogKind {
    private static final int BUFFER_BYTES = 1024 * 1024;

    @Override
    public String durable() {
        return "a writer thread; one write and fdatasync for each batch, into a file filled with zeros; CRC-32C of each record";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) throws IOException {
        return new Open(new RawFile(directory, settings.segmentBytes()));
    }

    @Override
    public Replayed replay(Path directory, Settings settings) throws IOException {
        return RawFile.replay(directory);
    }

    @SuppressWarnings("try") // close() waits for a thread, and may be interrupted
    private static final class Open implements MeasuredLog {
        private final RawFile file;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition notEmpty = lock.newCondition();
        private final Condition notFull = lock.newCondition();
        private final Condition forced = lock.newCondition();
        private final CRC32C crc = new CRC32C();
        private final Thread thread = new Thread(this::commitAll, "raw-group");

        // Guarded by lock.
        private ByteBuffer filling = ByteBuffer.allocateDirect(BUFFER_BYTES);
        private List<Runnable> callbacks = new ArrayList<>();
        private long appended;
        private long durable;
        private boolean closing;
        private @Nullable Throwable failure;

        Open(RawFile file) {
            this.file = file;
            thread.setDaemon(true);
            thread.start();
        }

        private long put(ByteBuffer record, @Nullable Runnable callback) throws InterruptedException, IOException {
            lock.lock();
            try {
                while (filling.remaining() < RawFile.FRAME_BYTES + record.limit() && failure == null) {
                    notFull.await();
                }
                throwIfFailed();
                boolean first = filling.position() == 0;
                RawFile.frame(filling, record, crc);
                if (callback != null) {
                    callbacks.add(callback);
                }
                if (first) {
                    notEmpty.signal();
                }
                return ++appended;
            } finally {
                lock.unlock();
            }
        }

        private void awaitDurable(long sequence) throws InterruptedException, IOException {
            lock.lock();
            try {
                while (durable < sequence && failure == null) {
                    forced.await();
                }
                throwIfFailed();
            } finally {
                lock.unlock();
            }
        }

        private void throwIfFailed() throws IOException {
            if (failure != null) {
                throw new IOException("commit failed", failure);
            }
        }

        private void commitAll() {
            ByteBuffer writing = ByteBuffer.allocateDirect(BUFFER_BYTES);
            List<Runnable> running = new ArrayList<>();
            try {
                while (true) {
                    long last;
                    lock.lock();
                    try {
                        while (filling.position() == 0 && !closing) {
                            notEmpty.await();
                        }
                        if (filling.position() == 0) {
                            return;
                        }
                        ByteBuffer empty = writing;
                        writing = filling;
                        filling = empty.clear();
                        List<Runnable> none = running;
                        running = callbacks;
                        callbacks = none;
                        last = appended;
                        notFull.signalAll();
                    } finally {
                        lock.unlock();
                    }
                    file.write(writing.flip());
                    file.force();
                    lock.lock();
                    try {
                        durable = last;
                        forced.signalAll();
                    } finally {
                        lock.unlock();
                    }
                    for (int i = 0; i < running.size(); i++) {
                        running.get(i).run();
                    }
                    running.clear();
                }
            } catch (Throwable t) {
                lock.lock();
                try {
                    failure = t;
                    notFull.signalAll();
                    forced.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        }

        @Override
        public void append(ByteBuffer record) throws IOException, InterruptedException {
            awaitDurable(put(record, null));
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable callback) throws IOException, InterruptedException {
            put(record, callback);
        }

        @Override
        public void appendBuffered(ByteBuffer record) throws IOException, InterruptedException {
            put(record, null);
        }

        @Override
        public void sync() throws IOException, InterruptedException {
            long last;
            lock.lock();
            try {
                last = appended;
            } finally {
                lock.unlock();
            }
            awaitDurable(last);
        }

        @Override
        public OptionalLong rolls() {
            return OptionalLong.of(file.rolls());
        }

        @Override
        public void close() throws IOException {
            lock.lock();
            try {
                closing = true;
                notEmpty.signal();
            } finally {
                lock.unlock();
            }
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IOException("interrupted", e);
            }
            file.close();
        }
    }
}
