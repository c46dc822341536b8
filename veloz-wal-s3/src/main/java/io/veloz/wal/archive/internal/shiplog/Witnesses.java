package io.veloz.wal.archive.internal.shiplog;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.format.WitnessCodec;
import io.veloz.wal.archive.internal.shiplog.LostSlots.Evidence;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * Compares the ship log with witness records, which name slots that existed. Stateless.
 *
 * <p>A record is put after its slots. So whatever writers do meanwhile, its kept slot exists from then on, with its digest; and
 * if its tip does not exist, a later slot does, as a shipper drops only tails whose segment is committed. Anything else shows
 * that slots were lost. A record that cannot be read shows nothing.
 */
public final class Witnesses {
    private static final int FULL_PAGE = 1000;
    private static final long FIRST_STRIDE = 1024;

    private Witnesses() {}

    /** Returns the END record of an epoch; empty if there is none, or it cannot be read. */
    public static Optional<Witness> end(ObjectStore store, LogIdentity identity, long epoch) throws IOException {
        return epoch < 1 ? Optional.empty() : read(store, ArchiveKeys.end(epoch), identity);
    }

    /**
     * Returns the evidence in the END records of an epoch and later ones that slots after a tip were lost. Makes one request, and
     * up to three more if there is a record.
     *
     * @param tip the number of the last slot; 0 if there is none
     * @param epoch of the last slot; 0 if there is none
     */
    public static Optional<Evidence> lostAfter(ShipLog log, LogIdentity identity, long tip, long epoch)
            throws IOException {
        String after = epoch <= 1 ? "" : ArchiveKeys.end(epoch - 1);
        List<StoredObject> listed = log.store().list(ArchiveKeys.ENDS, after);
        for (int i = listed.size() - 1; i >= 0; i--) {
            String key = listed.get(i).key();
            Optional<Witness> witness = read(log.store(), key, identity);
            if (witness.isPresent()) {
                Optional<String> lost = lost(log, witness.get(), tip);
                return lost.map(why -> new Evidence(key, why));
            }
        }
        return Optional.empty();
    }

    /** Returns the record of an anchor; empty if it cannot be read. */
    public static Optional<Witness> anchor(ObjectStore anchors, String key, String origin) throws IOException {
        return read(anchors, key, origin);
    }

    /**
     * Returns the anchor of an archive that names the highest slot; empty if there is none. The number of lists grows with the
     * logarithm of that slot: doubles the stride, then bisects.
     */
    public static Optional<Witness> newestAnchor(ObjectStore anchors, LogIdentity identity) throws IOException {
        String prefix = ArchiveKeys.anchors(identity.origin());
        long low = 0;
        long high = 0;
        long stride = 0;
        boolean isShort = false;
        while (true) {
            long after = low + (isShort ? 0 : high > 0 ? (high - low) / 2 : stride);
            List<StoredObject> page = anchors.list(prefix, after == 0 ? "" : ArchiveKeys.numbered(prefix, after));
            long last = page.stream()
                    .mapToLong(object -> ArchiveKeys.number(prefix, object.key()))
                    .max()
                    .orElse(-1);
            if (last > after) {
                low = last;
                // A store may return shorter pages than requested, so only an empty one is the end.
                stride = page.size() < FULL_PAGE ? 0 : Math.max(FIRST_STRIDE, 2 * stride);
                isShort = page.size() < FULL_PAGE;
            } else if (after > low) {
                high = after;
            } else {
                return low == 0
                        ? Optional.empty()
                        : read(anchors, ArchiveKeys.numbered(prefix, low), identity.origin());
            }
        }
    }

    /** Returns a record; empty if it is missing, damaged, of another log, or was written by a newer version. */
    private static Optional<Witness> read(ObjectStore store, String key, LogIdentity identity) throws IOException {
        return read(store, key, identity.origin());
    }

    private static Optional<Witness> read(ObjectStore store, String key, String origin) throws IOException {
        try (InputStream in = store.get(key)) {
            byte[] bytes = in.readNBytes(WitnessCodec.MAX_BYTES + 1);
            return Optional.of(WitnessCodec.decode(store.describe() + "/" + key, bytes))
                    .filter(witness -> witness.origin().equals(origin));
        } catch (NoSuchObjectException | BadObjectException | UnknownArchiveFormatException e) {
            return Optional.empty();
        }
    }

    /**
     * Returns why a record shows that slots were lost; empty if it does not.
     *
     * @param tip the number of the last slot, as it was read before or after the record
     */
    public static Optional<String> lost(ShipLog log, Witness witness, long tip) throws IOException {
        String when = "at " + witness.written() + " writer " + witness.writer() + " had put slot ";
        if (!exists(log, witness.kept())) {
            return Optional.of(when + witness.kept().number() + " with SHA-256 "
                    + witness.kept().sha256() + ", which is missing or another one");
        }
        boolean isLost = witness.tip().number() > tip
                && log.page(tip).isEmpty()
                && !log.has(witness.tip().number());
        return isLost
                ? Optional.of(when + witness.tip().number() + ", and the slots end with slot " + tip)
                : Optional.empty();
    }

    /** Returns whether a slot exists with its digest. A damaged one counts: its bytes are another finding. */
    private static boolean exists(ShipLog log, SlotRef ref) throws IOException {
        try {
            Optional<Decoded> found = log.check(ref.number());
            return found.isPresent() && found.get().sha256().equals(ref.sha256());
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            return true;
        }
    }
}
