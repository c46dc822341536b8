package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.SlotCodec;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;

/**
 * Who writes slots: one term of office of one process. Immutable.
 *
 * @param identity of the archive
 * @param id 32 hex digits, never used twice
 * @param host for people
 * @param clock for people: orders nothing
 */
record Author(LogIdentity identity, String id, String host, Clock clock) {
    static Author create(LogIdentity identity, Clock clock) {
        byte[] id = new byte[16];
        new SecureRandom().nextBytes(id);
        return new Author(identity, HexFormat.of().formatHex(id), hostName(), clock);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    /** The EPOCH slot that would follow a tip. It repeats log.json. */
    Draft epoch(Tip tip) {
        return draft(tip, tip.epoch() + 1, tip.archived(), new Slot.Epoch(identity.text()), new byte[0]);
    }

    /** The slot that would follow a tip. */
    Draft draft(Tip tip, long epoch, Archived archived, Part part, byte[] content) {
        Slot slot = new Slot(
                identity.logId(),
                identity.origin(),
                tip.number() + 1,
                epoch,
                id,
                host,
                clock.instant().truncatedTo(ChronoUnit.MILLIS),
                tip.sha256(),
                tip.kept(),
                archived,
                part);
        return Draft.of(slot, SlotCodec.encode(slot, content));
    }
}
