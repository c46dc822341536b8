package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.Wal;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.storage.DiskStorage;
import java.nio.file.Path;
import java.time.Duration;

/** A process that writes and ships until it is fenced. Arguments: the directory of the log, the URI of the archive. */
public final class ShippingChild {
    private ShippingChild() {}

    public static void main(String[] arguments) {
        try (Wal wal = TestShip.open(DiskStorage.createOrOpen(Path.of(arguments[0])));
                WalShipper shipper = WalShipper.start(
                        wal,
                        ShipperConfig.builder(arguments[1])
                                .maxTailBytes(TestShip.MAX_TAIL)
                                .build())) {
            while (true) {
                TestShip.append(wal, 3);
                if (shipper.awaitArchived(wal.durableSequence(), Duration.ofMinutes(1))) {
                    System.out.println("archived " + wal.durableSequence());
                }
            }
        } catch (WalFencedException e) {
            System.out.println("fenced " + e.epoch() + " " + e.firstBeyondFork() + " " + e.lastBeyondFork());
        }
    }
}
