package io.veloz.wal.testkit;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.storage.Storage;
import java.nio.ByteBuffer;

/**
 * An engine in ten lines: a balance that must never fall below zero, and deposits and withdrawals that are logged. It
 * belongs to one thread.
 */
final class ExampleEngine implements AutoCloseable {
    private static final int MOVEMENT = 1;

    private final Wal wal;
    private final boolean appliesFirst;
    private long balance;

    /** @param appliesFirst the classic bug: what is shown to others is changed before it is durable */
    ExampleEngine(Storage storage, boolean appliesFirst) {
        this.appliesFirst = appliesFirst;
        this.wal = Wal.open(WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build());
        try (WalReader reader = wal.reader()) {
            while (reader.next()) {
                balance += reader.payload().getLong(reader.payload().position());
            }
        }
    }

    long balance() {
        return balance;
    }

    /** Returns false, and does nothing, if there is not so much. */
    boolean move(long amount, Runnable seen) {
        if (balance + amount < 0) {
            return false;
        }
        ByteBuffer payload = ByteBuffer.allocate(8)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putLong(amount)
                .flip();
        if (appliesFirst) {
            balance += amount;
            seen.run();
            wal.appendDurable(MOVEMENT, payload);
        } else {
            wal.appendDurable(MOVEMENT, payload);
            balance += amount;
            seen.run();
        }
        return true;
    }

    @Override
    public void close() {
        wal.close();
    }
}
