package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.StoredPart;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Checks, before a writer acquires an epoch, that it does not put in the clear what has been encrypted so far, nor encrypt by
 * a key that only this machine has. Confined to one thread.
 */
final class EncryptionCheck {
    private final LocalLog log;
    private final ShipLog shipLog;
    private final boolean allowsPlain;
    private final boolean requiresEscrow;

    EncryptionCheck(LocalLog log, ShipLog shipLog, boolean allowsPlain, boolean requiresEscrow) {
        this.log = log;
        this.shipLog = shipLog;
        this.allowsPlain = allowsPlain;
        this.requiresEscrow = requiresEscrow;
    }

    /**
     * Makes a few requests.
     *
     * @throws io.veloz.wal.WalShippingRefusedException if the configured keys do not fit
     */
    void check(Tip tip) throws IOException {
        String active = shipLog.keys().activeId();
        if (active == null) {
            Optional<String> before = allowsPlain ? Optional.empty() : keyBefore(shipLog, tip.slot());
            if (before.isPresent()) {
                throw log.refused(
                        shipLog.store(),
                        Reason.KEY_MISSING,
                        "the archive is encrypted, last by the key \"" + before.get()
                                + "\", and no keys are configured:"
                                + " set VELOZ_WAL_KEYS or the setting keys; to continue in the clear, allow it with"
                                + " ShipperConfig.allowPlain (ship --allow-plain)");
            }
        } else if (requiresEscrow
                && shipLog.store().head(ArchiveKeys.escrow(active)).isEmpty()) {
            throw log.refused(
                    shipLog.store(),
                    Reason.KEY_NOT_ESCROWED,
                    "the archive has no " + ArchiveKeys.escrow(active) + ", so a loss of the key \"" + active
                            + "\" is a loss of the archive. Put the key there, encrypted to the recovery keys"
                            + " (keys URI --escrow), or do without with ShipperConfig.requireEscrow(false)"
                            + " (ship --no-escrow)");
        }
    }

    /** Returns the key by which the last content before this writer was encrypted; empty if it is in the clear. */
    static Optional<String> keyBefore(ShipLog shipLog, @Nullable Slot tip) throws IOException {
        for (Slot slot = tip; slot != null; slot = ChainIdentity.keptBefore(shipLog, slot)) {
            if (slot.part() instanceof Tail tail) {
                return Optional.ofNullable(tail.encryption()).map(encryption -> encryption.keyId());
            } else if (slot.part() instanceof StoredPart stored) {
                return Optional.ofNullable(stored.stored().encryption()).map(encryption -> encryption.keyId());
            } else if (slot.part() instanceof Epoch epoch && !epoch.keyId().isEmpty()) {
                return Optional.of(epoch.keyId());
            }
            // A writer without a key that has put no content decides nothing: it may have been permitted once.
        }
        return Optional.empty();
    }
}
