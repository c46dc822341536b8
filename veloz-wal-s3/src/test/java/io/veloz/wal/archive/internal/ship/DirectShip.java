package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.archive.store.HeapStore;
import java.util.Optional;

/** Ships a log on the caller's thread, without pauses between attempts. */
public final class DirectShip {
    private DirectShip() {}

    /**
     * Returns the refusal; empty when all is shipped.
     *
     * @throws AssertionError if it goes on failing
     */
    public static Optional<WalException> ship(Wal wal, HeapStore store) {
        try (TestShip.Stepper stepper = new TestShip.Stepper(LocalLog.of(wal), store)) {
            stepper.ship();
            return Optional.empty();
        } catch (WalException e) {
            return Optional.of(e);
        }
    }
}
