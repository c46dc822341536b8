package io.veloz.wal.archive.environment;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.restore.RestoreOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;

/** Writes twenty records below a directory, ships them, restores them, and returns the last restored sequence. */
public final class SmallCircle implements Function<Path, Object> {
    @Override
    public Object apply(Path dir) {
        String archive = dir.resolve("archive").toUri().toString();
        ShipperConfig config = ShipperConfig.builder(archive)
                .flushInterval(Duration.ofMillis(10))
                .build();
        try (Wal wal = Wal.open(WalConfig.builder(dir.resolve("log")).build());
                WalShipper shipper = WalShipper.start(wal, config)) {
            for (int i = 0; i < 20; i++) {
                wal.appendDurable(1, ByteBuffer.wrap(new byte[100]));
            }
            if (!shipper.awaitArchived(20, Duration.ofSeconds(30))) {
                throw new IllegalStateException("not archived: " + shipper.status());
            }
        }
        return WalRecovery.restoreFrom(archive, RestoreOptions.into(dir.resolve("restored")))
                .lastSequence();
    }
}
