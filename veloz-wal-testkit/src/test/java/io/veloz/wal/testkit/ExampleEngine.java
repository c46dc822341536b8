package io.veloz.wal.testkit;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.storage.Storage;
import java.nio.ByteBuffer;

/** The complete engine of docs/testing.md: a balance. Confined to one thread. */
class ExampleEngine implements AutoCloseable {
    // begin
    final Wal wal;
    long balance;

    ExampleEngine(Storage storage) {
        wal = Wal.open(WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build());
        try (WalReader reader = wal.reader()) {
            while (reader.next()) {
                balance += reader.payload().getLong();
            }
        }
    }

    void move(long amount, Runnable show) {
        wal.appendDurable(1, movement(amount));
        balance += amount;
        show.run();
    }
    // end

    static ByteBuffer movement(long amount) {
        return ByteBuffer.allocate(8)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putLong(amount)
                .flip();
    }

    @Override
    public void close() {
        wal.close();
    }

    /** The same engine with a classic bug: it shows the balance before the movement is durable. */
    static final class AppliesFirst extends ExampleEngine {
        AppliesFirst(Storage storage) {
            super(storage);
        }

        // begin
        @Override
        void move(long amount, Runnable show) {
            balance += amount;
            show.run();
            wal.appendDurable(1, movement(amount));
        }
        // end
    }
}
