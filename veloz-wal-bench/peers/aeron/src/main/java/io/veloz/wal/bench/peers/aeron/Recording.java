package io.veloz.wal.bench.peers.aeron;

import io.aeron.Publication;
import io.aeron.archive.status.RecordingPos;
import io.veloz.wal.bench.log.MeasuredLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;
import org.jspecify.annotations.Nullable;

/** Offers records to the recorded stream; waits for them by polling the counter of the recording's position. */
final class Recording implements MeasuredLog {
    private static final int CALLBACKS = 64 * 1024;

    /** An action that is due at a position of the recording. */
    private record Due(long position, Runnable action) {}

    /** What a thread reuses. */
    private static final class Appender {
        private final UnsafeBuffer view = new UnsafeBuffer(0, 0);
        private final IdleStrategy idle = Node.idle();
    }

    private final Node node;
    private final Publication publication;
    private final CountersReader counters;
    private final int counter;
    private final BlockingQueue<Due> callbacks = new ArrayBlockingQueue<>(CALLBACKS);
    private final ThreadLocal<Appender> appenders = ThreadLocal.withInitial(Appender::new);
    private volatile boolean closing;
    private volatile @Nullable Thread completions;
    private volatile long last;

    Recording(Node node, Publication publication) {
        this.node = node;
        this.publication = publication;
        this.counters = node.archive().context().aeron().countersReader();
        IdleStrategy idle = Node.idle();
        int found = find();
        while (found == CountersReader.NULL_COUNTER_ID) {
            idle.idle();
            found = find();
        }
        this.counter = found;
    }

    private int find() {
        return RecordingPos.findCounterIdBySession(
                counters, publication.sessionId(), node.archive().archiveId());
    }

    @SuppressWarnings("ByteBufferBackingArray") // a record begins where its array begins
    private long offer(ByteBuffer record) throws IOException {
        Appender appender = appenders.get();
        appender.view.wrap(record.array(), 0, record.limit());
        appender.idle.reset();
        while (true) {
            long position = publication.offer(appender.view, 0, record.limit());
            if (position > 0) {
                return position;
            }
            if (position != Publication.BACK_PRESSURED && position != Publication.ADMIN_ACTION) {
                throw new IOException("offer failed: " + Publication.errorString(position));
            }
            appender.idle.idle();
        }
    }

    private void awaitRecorded(long position) {
        IdleStrategy idle = appenders.get().idle;
        idle.reset();
        while (counters.getCounterValue(counter) < position) {
            idle.idle();
        }
    }

    @Override
    public void append(ByteBuffer record) throws IOException {
        awaitRecorded(offer(record));
    }

    @Override
    public void appendAsync(ByteBuffer record, Runnable durable) throws IOException, InterruptedException {
        if (completions == null) {
            Thread thread = new Thread(this::complete, "aeron-completions");
            thread.setDaemon(true);
            completions = thread;
            thread.start();
        }
        long position = offer(record);
        last = position;
        callbacks.put(new Due(position, durable));
    }

    @Override
    public void appendBuffered(ByteBuffer record) throws IOException {
        last = offer(record);
    }

    @Override
    public void sync() {
        awaitRecorded(last);
    }

    private void complete() {
        try {
            while (!closing) {
                Due due = callbacks.poll(10, TimeUnit.MILLISECONDS);
                if (due != null) {
                    awaitRecorded(due.position());
                    due.action().run();
                }
            }
        } catch (InterruptedException e) {
            // Nothing interrupts this thread.
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        closing = true;
        awaitRecorded(last);
        try {
            Thread thread = completions;
            if (thread != null) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the log closes", e);
        }
        node.archive().stopRecording(publication);
        publication.close();
        node.close();
    }
}
