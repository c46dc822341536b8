package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalListener;
import io.veloz.wal.WalReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * This project's log. An asynchronous append is an append, and its callback runs when {@link WalListener#onDurable} reports its
 * record: this allocates nothing for a record. The listener wakes a thread at each commit, so it is installed only if callbacks
 * will follow. {@link VelozFuturesKind} takes the future of each append instead.
 */
public class VelozKind implements LogKind {
    @Override
    public String durable() {
        return "one write and fdatasync for each batch, into a file filled with zeros; CRC-32C of each record and batch";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) {
        if (!settings.callbacks()) {
            return new WithoutCallbacks(Wal.open(config(directory, settings).build()), settings);
        }
        Callbacks callbacks = new Callbacks();
        Wal wal = Wal.open(config(directory, settings).listener(callbacks).build());
        callbacks.startAfter(wal.lastSequence());
        return new WithCallbacks(wal, settings, callbacks);
    }

    static WalConfig.Builder config(Path directory, Settings settings) {
        return WalConfig.builder(directory).segmentBytes(settings.segmentBytes());
    }

    /** Opens the log as a starting program does, with its recovery, and reads it. */
    @Override
    public Replayed replay(Path directory, Settings settings) {
        long records = 0;
        long bytes = 0;
        try (Wal wal = Wal.open(config(directory, settings).build());
                WalReader reader = wal.reader()) {
            while (reader.next()) {
                records++;
                bytes += reader.payload().remaining();
            }
        }
        return new Replayed(records, bytes);
    }

    /** The callbacks of records that are not durable yet, in the order of the records. One thread appends, another one calls. */
    private static final class Callbacks implements WalListener {
        private static final int SLOTS = 1 << 18;

        private final @Nullable Runnable[] slots = new Runnable[SLOTS];
        private long added;
        private volatile long called;

        void startAfter(long sequence) {
            added = sequence;
            called = sequence;
        }

        /** Continues with the record after a sequence; the records before it have no callbacks. */
        void continueAfter(long sequence) {
            added = sequence;
        }

        /** Adds the callback of the next record. The append that follows publishes the slot to the notifier thread. */
        void add(Runnable callback) {
            added++;
            while (added - called > SLOTS) {
                LockSupport.parkNanos(this, 100_000);
            }
            slots[(int) (added & (SLOTS - 1))] = callback;
        }

        @Override
        public void onDurable(long durableSequence) {
            for (long sequence = called + 1; sequence <= durableSequence; sequence++) {
                int slot = (int) (sequence & (SLOTS - 1));
                @Nullable Runnable callback = slots[slot];
                slots[slot] = null;
                if (callback != null) {
                    callback.run();
                }
            }
            called = durableSequence;
        }
    }

    private static final class WithCallbacks extends VelozLog {
        private final Callbacks callbacks;

        WithCallbacks(Wal wal, Settings settings, Callbacks callbacks) {
            super(wal, settings.segmentBytes());
            this.callbacks = callbacks;
        }

        @Override
        public void grow() {
            super.grow();
            callbacks.continueAfter(wal.lastSequence());
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) {
            callbacks.add(durable);
            wal.append(TYPE, record);
        }
    }

    private static final class WithoutCallbacks extends VelozLog {
        WithoutCallbacks(Wal wal, Settings settings) {
            super(wal, settings.segmentBytes());
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) {
            throw new IllegalStateException("the log was opened without callbacks");
        }
    }
}
