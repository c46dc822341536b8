package io.veloz.wal.bench.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A group commit without a thread: one of the waiting appenders writes and forces for all. */
public final class RawLeader implements LogKind {
    private static final int BUFFER_BYTES = 1024 * 1024;

    @Override
    public String durable() {
        return "a waiting appender; one write and fdatasync for each batch, into a file filled with zeros; CRC-32C of each record";
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
        private final Condition progress = lock.newCondition();
        private final CRC32C crc = new CRC32C();

        // Guarded by lock; the buffer that is being written belongs to the leader.
        private ByteBuffer filling = ByteBuffer.allocateDirect(BUFFER_BYTES);
        private ByteBuffer writing = ByteBuffer.allocateDirect(BUFFER_BYTES);
        private boolean led;
        private long appended;
        private long durable;
        private @Nullable Throwable failure;

        Open(RawFile file) {
            this.file = file;
        }

        /** Appends a record; commits everything first if the buffer is full. The lock is held. */
        private long put(ByteBuffer record) throws IOException, InterruptedException {
            while (filling.remaining() < RawFile.FRAME_BYTES + record.limit()) {
                leadOrWait();
            }
            RawFile.frame(filling, record, crc);
            return ++appended;
        }

        /** Commits everything that is buffered, or waits for the thread that is doing so. The lock is held. */
        @SuppressWarnings("WaitNotInLoop") // every caller calls it in a loop
        private void leadOrWait() throws IOException, InterruptedException {
            if (failure != null) {
                throw new IOException("commit failed", failure);
            }
            if (led) {
                progress.await();
                return;
            }
            led = true;
            ByteBuffer full = filling;
            filling = writing.clear();
            writing = full;
            long last = appended;
            lock.unlock();
            @Nullable Throwable thrown = null;
            try {
                file.write(full.flip());
                file.force();
            } catch (Throwable t) {
                thrown = t;
            }
            lock.lock();
            led = false;
            failure = thrown;
            durable = thrown == null ? last : durable;
            progress.signalAll();
        }

        @Override
        public void append(ByteBuffer record) throws IOException, InterruptedException {
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
        public void appendAsync(ByteBuffer record, Runnable callback) {
            throw new UnsupportedOperationException(
                    "only an appender that waits commits, and an asynchronous one does not wait");
        }

        @Override
        public void appendBuffered(ByteBuffer record) throws IOException, InterruptedException {
            lock.lock();
            try {
                put(record);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void sync() throws IOException, InterruptedException {
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
        public OptionalLong rolls() {
            return OptionalLong.of(file.rolls());
        }

        @Override
        public void close() throws IOException {
            try {
                sync();
            } catch (InterruptedException e) {
                throw new IOException("interrupted", e);
            }
            file.close();
        }
    }
}
