package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.NewFile;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fetches segments and tails of a proven archive. Confined to one thread. */
final class ArchivedParts {
    private final ShipLog log;
    private final ObjectFiles objects;
    private final Retries retries;
    private final Proof proof;

    ArchivedParts(ObjectStore store, Retries retries, Proof proof) {
        this.log = new ShipLog(store);
        this.objects = new ObjectFiles(store, retries, Long.MAX_VALUE);
        this.retries = retries;
        this.proof = proof;
    }

    List<Segment> segments() {
        return proof.segments();
    }

    /** Returns the numbers of the segments of which the archive has tails only, in ascending order. */
    List<Long> inTailsOnly() {
        return proof.tails().stream()
                .map(slot -> slot.tail().segment())
                .distinct()
                .sorted()
                .toList();
    }

    /** Returns the tails of a segment, which begin with its first byte. */
    List<TailSlot> tails(long segment) {
        return proof.tails().stream()
                .filter(slot -> slot.tail().segment() == segment)
                .toList();
    }

    /** Returns whether a stream is the file that the archive has of a segment. */
    boolean isFileOf(Segment segment, InputStream file) throws IOException {
        String digest = log.keys()
                .digest(segment.stored().encryption(), log.where(segment.key()))
                .of(file);
        return digest.equals(segment.fileSha256());
    }

    /**
     * Fetches a sealed segment. Returns when the file is complete and forced.
     *
     * @throws BadObjectException if the object is damaged or missing
     */
    void fetch(Segment segment, NewFile to) throws IOException {
        objects.read(segment.stored(), to);
        to.finish();
    }

    /**
     * Fetches the tails of a segment. The caller finishes the file.
     *
     * @throws BadObjectException if one of them is damaged or missing
     */
    void fetch(List<TailSlot> tails, NewFile to) throws IOException {
        to.restart();
        for (TailSlot tail : tails) {
            byte[] content = content(tail);
            to.write(content, content.length);
        }
    }

    private byte[] content(TailSlot tail) throws IOException {
        String key = ArchiveKeys.slot(tail.slot());
        return retries.call(() -> {
            SlotCodec.@Nullable Decoded found = log.slot(tail.slot()).orElse(null);
            if (found == null || !found.sha256().equals(tail.sha256())) {
                throw new BadObjectException(log.where(key)
                        + (found == null
                                ? ": the object is missing; a shipper may have dropped it, then run it again"
                                : ": SHA-256 " + found.sha256() + "; expected " + tail.sha256()));
            }
            return found.content();
        });
    }
}
