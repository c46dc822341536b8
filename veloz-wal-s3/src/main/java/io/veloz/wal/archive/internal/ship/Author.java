package io.veloz.wal.archive.internal.ship;

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
 * @param logId of the log that is shipped
 * @param id 32 hex digits, never used twice
 * @param host for people
 * @param clock for people: orders nothing
 */
record Author(String logId, String id, String host, Clock clock) {
    static Author create(String logId, Clock clock) {
        byte[] id = new byte[16];
        new SecureRandom().nextBytes(id);
        return new Author(logId, HexFormat.of().formatHex(id), hostName(), clock);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    /** The slot that would follow a tip. */
    Draft draft(Tip tip, long epoch, Archived archived, Part part, byte[] content) {
        Slot slot = new Slot(
                logId,
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
