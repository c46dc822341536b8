package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.archive.store.HeapStore;
import java.util.Optional;

/** Ships a log on the caller's thread, without delays between attempts. */
public final class DirectShip {
    private DirectShip() {}

    /**
     * Ships all records. Returns the exception that ended shipping; empty if all records were shipped.
     *
     * @throws AssertionError if it fails repeatedly
     */
    public static Optional<WalException> ship(Wal wal, HeapStore store) {
        try (TestShip.Stepper stepper = new TestShip.Stepper(LocalLog.of(wal), store)) {
            stepper.ship();
            return Optional.empty();
        } catch (WalException e) {
            return Optional.of(e);
        }
    }

    /** A shipper that ships when it is called. */
    public static final class Shipper implements AutoCloseable {
        private final TestShip.Stepper stepper;

        public Shipper(Wal wal, HeapStore store) {
            stepper = new TestShip.Stepper(LocalLog.of(wal), store);
        }

        /** Creates a shipper that stores segments with more data than four parts of that size in parts. */
        public Shipper(Wal wal, HeapStore store, long partBytes) {
            stepper = new TestShip.Stepper(
                    LocalLog.of(wal),
                    store,
                    TestShip.shipping(store)
                            .partBytes(partBytes)
                            .requireEscrow(false)
                            .build());
        }

        /** Ships all records that are durable. */
        public void ship() {
            stepper.ship();
        }

        /** Ships until shipping ends, and returns why. */
        public WalException end() {
            return stepper.end();
        }

        public long epoch() {
            return stepper.epoch;
        }

        public long archived() {
            return stepper.archived;
        }

        @Override
        public void close() {
            stepper.close();
        }
    }
}
